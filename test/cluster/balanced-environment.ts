/** An environment with a balancer in front of API nodes, as a person would write it. */

export interface Balanced {
  /** API nodes' numbers. */
  readonly api?: readonly number[];
  readonly balancers?: number;
  readonly push?: number;
  /** Upstream's programs in the place of ours. */
  readonly upstream?: boolean;
  readonly names?: readonly string[];
  /** `target: aws` and the like; this machine where absent. */
  readonly target?: 'local' | 'aws' | 'gcp' | 'kubernetes';
  readonly subnet?: string;
  readonly balancerMemoryMiB?: number;
}

/** Above 1024, so that whoever runs the tests may listen on it. */
const apiPort = 4443;

export function balancedEnvironment({
  api = [1, 2],
  balancers = 1,
  push = 1,
  upstream = false,
  names = [],
  target = 'local',
  subnet,
  balancerMemoryMiB = 512,
}: Balanced = {}): string {
  const program = upstream
    ? `program: { upstream: { from: ./upstream, sha256: ${'0123456789abcdef'.repeat(4)} } }`
    : 'program: ensemble';
  const machine = 'machine: { memoryMiB: 1024, cpus: 1 }';
  return `name: balanced
target: ${target}
${target === 'local' ? '' : 'region: eu-west-1\n'}zones: [a, b, c]
tolerate: 1
masters: { count: 3, ${machine}, volumeGiB: 1 }
workers: { count: 3, ${machine}, volumeGiB: 1 }
metadata: { count: 3, ${machine}, volumeGiB: 1 }
api: { ids: [${api.join(', ')}], ${machine}, ${program} }
${push === 0 ? '' : `push: { count: ${push}, ${machine}, ${program} }\n`}balancer:
  count: ${balancers}
  machine: { memoryMiB: ${balancerMemoryMiB}, cpus: 2 }
  names: [${names.join(', ')}]
${subnet === undefined ? '' : `network: { subnet: ${subnet}, ports: { haproxy.api: ${apiPort} } }\n`}topics: topics.yaml
`;
}
