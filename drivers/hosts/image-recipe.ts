/**
 * What the machines start from, as data: Debian 12 with what its image for clouds has and our script stands on, and the few files that stand in for what a
 * virtual machine has of its own. Nothing here knows of Ensemble: what a node is, its user-data makes of it.
 */

export interface ImageFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface ImageRecipe {
  readonly suite: string;
  /** Put in by debootstrap. */
  readonly packages: readonly string[];
  /** Put in afterwards, with /proc mounted: cloud-init does not configure itself without. */
  readonly later: readonly string[];
  readonly files: readonly ImageFile[];
  /** Units that make no sense in a machine without hardware. */
  readonly masked: readonly string[];
}

/** AWS's own address of its resolver, which answers in every network of theirs (VPC user guide, "Amazon DNS server"). */
export const resolverAddress = '169.254.169.253';
/** AWS EC2 user guide, "Instance metadata". */
export const metadataAddress = '169.254.169.254';

/** Where Debian keeps the certificates that programs trust. */
export const trustFile = '/etc/ssl/certs/ca-certificates.crt';

/** What systemd gives every service of the machine: Node has certificates of its own, and trusts this system's as well. */
export const serviceEnvironment = `NODE_EXTRA_CA_CERTS=${trustFile}`;

/**
 * Kernel settings belong to the machine below, and a node's script sets some: it gets copies of its own, which it can write and which change nothing.
 * /proc/sys and /sys are read-only in such a machine otherwise, and the script would stop.
 */
const kernelSettings = `#!/bin/sh
# Copies of kernel settings for this machine to write: the kernel is another's.
set -eu
for folder in /proc/sys/vm /sys/kernel/mm/transparent_hugepage; do
	[ -d "$folder" ] || continue
	copy=/run/kernel-settings$folder
	mkdir -p "$copy"
	cp -r "$folder/." "$copy/" 2>/dev/null || true
	mount --bind "$copy" "$folder"
done
`;

export const debian12: ImageRecipe = {
  suite: 'bookworm',
  packages: [
    'systemd',
    'systemd-sysv',
    'dbus',
    'udev',
    'ca-certificates',
    'python3',
    'iproute2',
    'iputils-ping',
    'ifupdown',
    'netbase',
    'procps',
    'kmod',
    'openssl',
    // What they bring, the archives of nodes take for granted.
    'openssh-server',
    'less',
    'sudo',
    'fdisk',
    'xz-utils',
    'gpg',
  ],
  later: ['cloud-init'],
  files: [
    {
      path: '/etc/cloud/cloud.cfg.d/95-host.cfg',
      mode: 0o644,
      text: [
        '# The network is there before the machine starts; its data comes from a folder.',
        'datasource_list: [NoCloud]',
        'network: {config: disabled}',
        'locale: false',
        'apt: {preserve_sources_list: true}',
        'ssh_genkeytypes: []',
        '',
      ].join('\n'),
    },
    { path: '/etc/resolv.conf', mode: 0o644, text: `nameserver ${resolverAddress}\n` },
    { path: '/etc/fstab', mode: 0o644, text: '# no disk of its own\n' },
    { path: '/etc/machine-id', mode: 0o444, text: '' },
    {
      path: '/etc/systemd/system.conf.d/50-trust.conf',
      mode: 0o644,
      text: `# Node has certificates of its own, and trusts this system's as well.\n[Manager]\nDefaultEnvironment=${serviceEnvironment}\n`,
    },
    { path: '/usr/local/lib/host/kernel-settings', mode: 0o755, text: kernelSettings },
    {
      path: '/etc/systemd/system/host-kernel-settings.service',
      mode: 0o644,
      text: [
        '[Unit]',
        'Description=Kernel settings that this machine may write',
        'DefaultDependencies=no',
        'Before=sysinit.target systemd-sysctl.service',
        '[Service]',
        'Type=oneshot',
        'RemainAfterExit=yes',
        'ExecStart=/usr/local/lib/host/kernel-settings',
        '[Install]',
        'WantedBy=sysinit.target',
        '',
      ].join('\n'),
    },
  ],
  masked: [
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'e2scrub_all.timer',
    'fstrim.timer',
    'dpkg-db-backup.timer',
    'getty.target',
    'console-getty.service',
    'systemd-pstore.service',
    'systemd-udevd.service',
    'ssh.service',
  ],
};
