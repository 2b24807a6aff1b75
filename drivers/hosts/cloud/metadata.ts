/**
 * The instance metadata service, version 2 alone (AWS EC2 user guide, "Use the Instance Metadata Service", "Instance metadata categories"): a token by PUT,
 * then paths by GET. Told apart by the address that asks, as on AWS. Pure.
 */
import type { CloudConfig } from './cloud-config.ts';

export interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  /** Whose address asks. */
  readonly from: string;
  readonly token: string | undefined;
}

export interface MetadataAnswer {
  readonly status: number;
  readonly body: string;
}

const role = 'node';
const token = 'a-token-of-this-network';

export function answerMetadata(
  { machines, domain }: Pick<CloudConfig, 'machines' | 'domain'>,
  { method, path, from, token: given }: MetadataRequest,
): MetadataAnswer {
  if (path === '/latest/api/token') return method === 'PUT' ? said(token) : { status: 405, body: '' };
  if (given !== token) return { status: 401, body: '' };
  const machine = machines[from];
  if (method !== 'GET' || machine === undefined) return notFound;
  const { instance, zone, region, tags } = machine;
  const tag = /^\/latest\/meta-data\/tags\/instance\/(.+)$/.exec(path)?.[1];
  if (tag !== undefined) return tags[tag] === undefined ? notFound : said(tags[tag]);
  const known: Readonly<Record<string, string>> = {
    '/latest/meta-data/instance-id': instance,
    '/latest/meta-data/local-ipv4': from,
    '/latest/meta-data/placement/availability-zone': zone,
    '/latest/meta-data/placement/region': region,
    '/latest/meta-data/services/domain': domain,
    '/latest/meta-data/services/partition': 'aws',
    '/latest/meta-data/tags/instance/': Object.keys(tags).join('\n'),
    '/latest/meta-data/iam/security-credentials/': role,
    // They open nothing anywhere but at a local AWS, which takes any.
    [`/latest/meta-data/iam/security-credentials/${role}`]: JSON.stringify({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: 'testing',
      SecretAccessKey: 'testing',
      Token: 'testing',
      LastUpdated: '2026-01-01T00:00:00Z',
      Expiration: '2100-01-01T00:00:00Z',
    }),
    '/latest/dynamic/instance-identity/document': JSON.stringify({
      instanceId: instance,
      privateIp: from,
      availabilityZone: zone,
      region,
    }),
  };
  const found = known[path] ?? known[`${path}/`];
  return found === undefined ? notFound : said(found);
}

const notFound = { status: 404, body: '' } as const;

function said(body: string): MetadataAnswer {
  return { status: 200, body };
}
