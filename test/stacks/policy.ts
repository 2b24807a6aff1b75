/**
 * What a platform engineer would look for in Terraform's JSON before signing it, as rules over every resource of every stack, whoever wrote it. Families
 * are looked at member by member. A rule names the resource and says what is wrong; what AWS leaves no other way is an exception here, with its reason,
 * and an exception that nothing needs is a fault too.
 */
import type { SynthesizedStack, TerraformBlock } from './synthesized.ts';

export interface Resource {
  /** `staging-data:aws_instance.node["worker-4"]` */
  readonly address: string;
  readonly stack: string;
  readonly type: string;
  readonly name: string;
  readonly body: TerraformBlock;
}

export type Rule = (resources: readonly Resource[]) => readonly string[];

/** Every resource, families written out: `each.key` and `each.value` filled in. */
export function resourcesOf(stacks: readonly Pick<SynthesizedStack, 'name' | 'json'>[]): readonly Resource[] {
  return stacks.flatMap(({ name: stack, json }) =>
    Object.entries(json.resource).flatMap(([type, named]) =>
      Object.entries(named).flatMap(([name, { for_each: members, ...body }]) => {
        const address = `${stack}:${type}.${name}`;
        const local = /^\$\{local\.(\w+)\}$/.exec(String(members))?.[1];
        const family = local === undefined ? members : field(json.locals, local);
        if (typeof family !== 'object' || family === null) return [{ address, stack, type, name, body }];
        return Object.entries(family).map(([key, value]) => ({
          address: `${address}[${JSON.stringify(key)}]`,
          stack,
          type,
          name,
          body: fillIn(body, key, value) as TerraformBlock,
        }));
      }),
    ),
  );
}

function fillIn(value: unknown, key: string, member: unknown): unknown {
  if (typeof value === 'string') {
    const whole = /^\$\{each\.value\.(\w+)\}$/.exec(value);
    if (whole !== null) return field(member, whole[1] ?? '');
    return value
      .replaceAll('${'.concat('each.key}'), key)
      .replace(/\$\{each\.value\.(\w+)\}/g, (_all, name: string) => String(field(member, name)));
  }
  if (Array.isArray(value)) return value.map((item) => fillIn(item, key, member));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, fillIn(inner, key, member)]));
}

function field(value: unknown, name: string): unknown {
  const inner = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof inner === 'object' && inner !== null ? (inner as Readonly<Record<string, unknown>>)[name] : undefined;
}

const ofType = (resources: readonly Resource[], type: string) => resources.filter((resource) => resource.type === type);

const addresses = ['cidr_ipv4', 'cidr_ipv6', 'prefix_list_id', 'cidr_blocks', 'ipv6_cidr_blocks'];

/** @param doors ports that clients are meant to reach */
export function publicIngress(doors: readonly number[]): Rule {
  return (resources) => [
    ...resources
      .filter(({ type }) => type === 'aws_vpc_security_group_ingress_rule')
      .flatMap(({ address, name, body }) => {
        if (!addresses.some((attribute) => body[attribute] !== undefined)) return [];
        const meant =
          name === 'clients' &&
          String(body.security_group_id).includes('aws_security_group.entrance.') &&
          body.from_port === body.to_port &&
          doors.includes(Number(body.from_port));
        return meant ? [] : [`${address} lets addresses in`];
      }),
    ...[
      'aws_security_group_rule',
      'aws_default_network_acl',
      'aws_network_acl_rule',
      'aws_lambda_function_url',
    ].flatMap((type) =>
      ofType(resources, type).map(({ address }) => `${address}: a way in that these rules do not know`),
    ),
    ...resources.flatMap(({ address, type, name, body }) => {
      if (/security_group$/.test(type) && body.ingress !== undefined) return [`${address} has rules of its own`];
      if (type === 'aws_instance' && (body.associate_public_ip_address === true || body.subnet_id !== undefined))
        return [`${address} is given an address other than its interface’s`];
      if (type === 'aws_subnet' && body.map_public_ip_on_launch !== false) return [`${address} gives public addresses`];
      if (type === 'aws_eip' && name !== 'nat') return [`${address} is a public address`];
      if (type === 'aws_lb' && body.internal !== true && name !== 'entrance') return [`${address} is public`];
      return [];
    }),
  ];
}

export const encryption: Rule = (resources) => [
  ...ofType(resources, 'aws_ebs_volume')
    .filter(({ body }) => body.encrypted !== true || body.kms_key_id === undefined)
    .map(({ address }) => `${address} is not encrypted with the environment’s key`),
  ...ofType(resources, 'aws_instance').flatMap(({ address, body }) => {
    const root = body.root_block_device;
    const own = field(root, 'encrypted') === true && field(root, 'kms_key_id') !== undefined;
    const others = body.ebs_block_device === undefined && body.ephemeral_block_device === undefined;
    return own && others ? [] : [`${address} has a disk that is not encrypted with the environment’s key`];
  }),
  ...['aws_secretsmanager_secret', 'aws_cloudwatch_log_group'].flatMap((type) =>
    ofType(resources, type)
      .filter(({ body }) => body.kms_key_id === undefined)
      .map(({ address }) => `${address} is not encrypted with the environment’s key`),
  ),
  ...ofType(resources, 'aws_sns_topic')
    .filter(({ body }) => body.kms_master_key_id === undefined)
    .map(({ address }) => `${address} is not encrypted with the environment’s key`),
  ...ofType(resources, 'aws_kms_key')
    .filter(({ body }) => body.enable_key_rotation !== true)
    .map(({ address }) => `${address} is not rotated`),
  ...ofType(resources, 'aws_s3_bucket').flatMap((bucket) => bucketFaults(bucket, resources)),
];

function bucketFaults({ address, stack, name }: Resource, resources: readonly Resource[]): readonly string[] {
  const beside = (type: string) =>
    resources.find((other) => other.stack === stack && other.type === `aws_s3_bucket_${type}` && other.name === name)
      ?.body;
  const closed = ['block_public_acls', 'block_public_policy', 'ignore_public_acls', 'restrict_public_buckets'];
  const access = beside('public_access_block');
  const rule = field(beside('server_side_encryption_configuration'), 'rule');
  const versions = field(beside('versioning')?.versioning_configuration, 'status');
  const insecure = statementsIn(beside('policy') ?? {}).some(
    ({ Effect, Condition }) =>
      Effect === 'Deny' && JSON.stringify(Condition) === '{"Bool":{"aws:SecureTransport":"false"}}',
  );
  return [
    ...(closed.every((attribute) => access?.[attribute] === true) ? [] : [`${address} may be made public`]),
    ...(field(field(rule, 'apply_server_side_encryption_by_default'), 'sse_algorithm') === 'aws:kms'
      ? []
      : [`${address} is not encrypted with the environment’s key`]),
    ...(versions === 'Enabled' ? [] : [`${address} keeps no versions`]),
    ...(insecure ? [] : [`${address} answers without TLS`]),
  ];
}

export const metadataService: Rule = (resources) =>
  [...ofType(resources, 'aws_instance'), ...ofType(resources, 'aws_launch_template')]
    .filter(({ body: { metadata_options: options } }) => {
      const second = field(options, 'http_tokens') === 'required';
      return !second || Number(field(options, 'http_put_response_hop_limit')) !== 1;
    })
    .map(({ address }) => `${address} answers the first version of its metadata service`);

interface StatementJson {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
  readonly [element: string]: unknown;
}

/** Of every policy within a resource, under whatever name. */
function statementsIn(value: unknown): readonly StatementJson[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(statementsIn);
  if (typeof value !== 'string' || !/^\s*\{.*"Statement"/s.test(value)) return [];
  const { Statement } = JSON.parse(value) as { readonly Statement: StatementJson | readonly StatementJson[] };
  return Array.isArray(Statement) ? Statement : [Statement as StatementJson];
}

export interface Exception {
  /** Without stack and member: `aws_kms_key.own`. */
  readonly resource: string;
  readonly sid: string;
  readonly because: string;
}

/** What AWS leaves no narrower way for. */
export const exceptions: readonly Exception[] = [
  {
    resource: 'aws_kms_key.own',
    sid: 'RightsAreGivenInThisAccount',
    because:
      'a key’s policy speaks of that key alone, and must leave its administration to the account (AWS KMS, "Default key policy")',
  },
  { resource: 'aws_kms_key.own', sid: 'Logs', because: 'within a key’s policy, * is that key' },
  { resource: 'aws_kms_key.own', sid: 'AlarmsIntoAnEncryptedTopic', because: 'within a key’s policy, * is that key' },
  {
    resource: 'aws_vpc_endpoint.bucket',
    sid: 'OwnBucketAlone',
    because:
      'everybody inside may use the door, and only principals of the account get through it, to its bucket alone',
  },
  {
    resource: 'aws_iam_role_policy.role',
    sid: 'ReachedByOperators',
    because:
      'the actions of ssmmessages and ec2messages take no resource (Service Authorization Reference, Session Manager Message Gateway and Message Delivery Service)',
  },
  {
    resource: 'aws_iam_role_policy.role',
    sid: 'OwnFigures',
    because:
      'PutMetricData takes no resource (Service Authorization Reference, Amazon CloudWatch); a condition binds its namespace',
  },
  {
    resource: 'aws_iam_role_policy.snapshots',
    sid: 'FindThem',
    because: 'the Describe actions of EC2 take no resource (Service Authorization Reference, Amazon EC2)',
  },
];

/** Policies of AWS’s own that may hang on a role, since their actions take no resource. */
const attachable = ['arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess'];

export function wildcardRights(allowed: readonly Exception[] = exceptions): Rule {
  return (resources) => {
    const needed = new Set<Exception>();
    const found = resources.flatMap(({ address, type, name, body }) => {
      const wide = statementsIn(body).flatMap((statement) => {
        const faults = statementFaults(statement);
        const exception = allowed.find(({ resource, sid }) => resource === `${type}.${name}` && sid === statement.Sid);
        if (exception === undefined)
          return faults.map((fault) => `${address}, ${statement.Sid ?? 'a statement'}: ${fault}`);
        if (faults.length > 0) needed.add(exception);
        return [];
      });
      const attached = body.policy_arn;
      const unknown = attached !== undefined && !attachable.includes(String(attached));
      return unknown ? [...wide, `${address} hangs on ${attached}, which nobody has looked at`] : wide;
    });
    const idle = allowed.filter((exception) => !needed.has(exception));
    return [...found, ...idle.map(({ resource, sid }) => `the exception for ${resource}, ${sid} is not needed`)];
  };
}

function statementFaults({
  Effect,
  Principal,
  NotAction,
  NotResource,
  NotPrincipal,
  ...statement
}: StatementJson): readonly string[] {
  if (Effect !== 'Allow') return [];
  const list = (element: unknown) => (element === undefined ? [] : [element].flat().map(String));
  const negative = [NotAction, NotResource, NotPrincipal].some((element) => element !== undefined);
  return [
    ...(negative ? ['everything but something is allowed'] : []),
    ...list(statement.Action).flatMap((action) => (action.includes('*') ? [`the action ${action}`] : [])),
    ...list(statement.Resource).flatMap((resource) => (isWide(resource) ? [`the resource ${resource}`] : [])),
    ...(JSON.stringify(Principal ?? '').includes('"*"') ? ['everybody'] : []),
  ];
}

/** Everything, or everything of a service: the account or the bucket must be named. */
function isWide(resource: string): boolean {
  if (resource.startsWith('$')) return false;
  const [arn, , service = '', , account = '', ...rest] = resource.split(':');
  if (arn !== 'arn' || service.includes('*')) return true;
  if (service === 's3') return rest.join(':').startsWith('*');
  // A snapshot belongs to no account in its name.
  return account.includes('*') || (rest.join(':').startsWith('*') && account === '');
}

/** What must never be in state: resources that make or hold a secret's value. */
const secretResources =
  /^(aws_secretsmanager_secret_version|aws_ssm_parameter|random_\w+|tls_\w+|aws_iam_access_key|aws_key_pair)$/;

/** @param hashes that are meant to be there: of archives, files and services */
export function secretsInside(
  stacks: readonly Pick<SynthesizedStack, 'name' | 'text'>[],
  hashes: ReadonlySet<string>,
): Rule {
  return (resources) => [
    ...resources
      .filter(({ type }) => secretResources.test(type))
      .map(({ address }) => `${address} holds a secret’s value`),
    ...stacks.flatMap(({ name, text }) => [
      ...(/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text) ? [`${name} has a private key in it`] : []),
      ...(/AKIA[0-9A-Z]{16}/.test(text) ? [`${name} has an access key in it`] : []),
      ...(/[A-Za-z0-9+/]{300,}/.test(text.replaceAll('\\n', '')) ? [`${name} has the text of a key file in it`] : []),
      ...[...new Set(text.match(/(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g))]
        .filter((digits) => !hashes.has(digits))
        .map((digits) => `${name} has what may be a token in it: ${digits.slice(0, 8)}…`),
    ]),
  ];
}
