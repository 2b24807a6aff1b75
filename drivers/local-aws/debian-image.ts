/** An image that moto is told of (MOTO_AMIS_PATH): one of Debian 12, as the stacks look for it. */

/** As Debian publishes them. Without a date: moto 5.2 reads it twice and fails at the second time. */
export const debianImage = {
  ami_id: 'ami-0deb1200000000001',
  name: 'debian-12-amd64-20260901-1',
  owner_id: '136693071363',
  architecture: 'x86_64',
  image_type: 'machine',
  public: true,
  root_device_name: '/dev/xvda',
  root_device_type: 'ebs',
  state: 'available',
  virtualization_type: 'hvm',
  hypervisor: 'xen',
  sriov: 'simple',
  description: 'Debian 12',
  image_location: 'amazon/debian-12-amd64-20260901-1',
};
