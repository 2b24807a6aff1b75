/**
 * Names of what an environment has in AWS, as pure functions: stacks create under them, nodes, drivers and commands find by them, and nobody reads an
 * output of Terraform to know them. Limits are AWS's: 63 characters for a bucket, 64 for a role, a profile and a function.
 */

export interface AwsPlace {
  readonly environment: string;
  /** 12 digits. */
  readonly account: string;
  readonly region: string;
}

/** Archives, settings of nodes and their reports. A bucket's name is the world's: account and region keep it apart. */
export function bucketName({ environment, account, region }: AwsPlace): string {
  return `ensemble-${environment}-${account}-${region}`;
}

/** Terraform's state of every environment of an account in a region; `ensemble bootstrap` makes it. */
export function stateBucketName({ account, region }: Omit<AwsPlace, 'environment'>): string {
  return `ensemble-state-${account}-${region}`;
}

/** Where a stack's state lies in the state bucket: `production/data.tfstate`. */
export function stateKey(environment: string, part: StackPart): string {
  return `${environment}/${part}.tfstate`;
}

/** The three stacks of an environment, in the order in which they are applied. */
export const stackParts = ['foundation', 'data', 'edge'] as const;
export type StackPart = (typeof stackParts)[number];

/** Terraform's variable by which a comparison says that it needs no archives. */
export const archivesWanted = 'archives_wanted';

/** `production-data` */
export function stackName(environment: string, part: StackPart): string {
  return `${environment}-${part}`;
}

/** What carries the name of an environment and needs no more: roles, profiles, groups, keys. `ensemble-production-worker` */
export function ownName(environment: string, what: string): string {
  return `ensemble-${environment}-${what}`;
}

/** The function that plans and applies topics inside the private network. */
export function topicsApplierName(environment: string): string {
  return ownName(environment, 'topics-applier');
}

/** The same by its full name: AWS refuses the credentials of another account. */
export function topicsApplierArn({ environment, account, region }: AwsPlace): string {
  const partition = region.startsWith('cn-') ? 'aws-cn' : region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
  return `arn:${partition}:lambda:${region}:${account}:function:${topicsApplierName(environment)}`;
}

/** Secrets Manager: what one node's files are filled with, as JSON by the ids of the late values. */
export function nodeSecretName(environment: string, node: string): string {
  return `ensemble/${environment}/nodes/${node}`;
}

/** The topics applier has a secret as nodes have. */
export const topicsApplierNode = 'topics-applier';

/** Secrets Manager: what the operator's commands keep (the CA's key, tokens), by the id of the store. No node may read it. */
export function storeSecretName(environment: string, id: string): string {
  return `ensemble/${environment}/store/${id}`;
}

/** CloudWatch: one group of logs a role; a node is a stream in it. */
export function logGroupName(environment: string, role: string): string {
  return `/ensemble/${environment}/${role}`;
}

/** Object keys of the bucket. */
export function archiveKey(sha256: string, name: string): string {
  return `archives/${sha256}-${name}`;
}

/** The prefix that a node may read, and no other node. */
export function nodePrefix(node: string): string {
  return `nodes/${node}/`;
}

export function nodeListKey(node: string): string {
  return `${nodePrefix(node)}list`;
}

/** @param path absolute, as on the node. */
export function nodeFileKey(node: string, path: string): string {
  return `${nodePrefix(node)}files${path}`;
}

/** Where a node puts what it runs with. */
export function nodeReportKey(node: string): string {
  return `reports/${node}`;
}

/** What is broken on purpose, and how it is undone: by a person's `fault inject`, or by runs of scenarios. */
export function faultNotesKey(by: 'hand' | 'run'): string {
  return `faults/by-${by}.json`;
}

/** Tags of whatever can have them. */
export const tags = {
  environment: 'ensemble:environment',
  role: 'ensemble:role',
  node: 'ensemble:node',
  /** Of a volume: `node/volume`, as `worker-4/data-1`. */
  volume: 'ensemble:volume',
  /** Of a volume whose node has left and been emptied: Terraform lets it go. `yes` */
  released: 'ensemble:released',
  /** Of a volume of which snapshots are taken: the environment's name. Schedules take any volume that has one of their tags, so that one says it all. */
  snapshots: 'ensemble:snapshots',
} as const;

/** Tags that an instance reads of itself through its metadata service, which allows no `/` and no `:` in a key for certain. */
export const instanceTags = {
  node: 'ensemble-node',
  bucket: 'ensemble-bucket',
  /** `data-1=vol-0abc,data-2=vol-0def` */
  volumes: 'ensemble-volumes',
} as const;
