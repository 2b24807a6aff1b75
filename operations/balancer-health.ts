/** What a balancer says of the servers behind it: its statistics as CSV (HAProxy management guide, "Statistics and monitoring", CSV format). */
import type { Node } from '../cluster/model.ts';
import type { Deployment } from './deployment.ts';
import { nodesRunning } from './health.ts';

export interface PoolServer {
  /** Of the listener that it stands behind: `api`, `auth`. */
  readonly pool: string;
  /** A node's id. */
  readonly node: string;
  readonly up: boolean;
}

/** By the balancer's node id; `undefined` where it does not answer. */
export type Balancers = ReadonlyMap<string, readonly PoolServer[] | undefined>;

const askMs = 2_000;

export async function observeBalancers({
  environment,
  addressing,
}: Pick<Deployment, 'environment' | 'addressing'>): Promise<Balancers> {
  const ask = async (node: Node): Promise<[string, readonly PoolServer[] | undefined]> => {
    const url = `http://${addressing.host(node)}:${addressing.port(node, 'haproxy', 'stats')}/;csv`;
    const text = await fetch(url, { signal: AbortSignal.timeout(askMs) }).then(
      (answer) => (answer.ok ? answer.text() : undefined),
      () => undefined,
    );
    return [node.id, text === undefined ? undefined : parseStatistics(text)];
  };
  return new Map(await Promise.all(nodesRunning(environment.cluster.groups, 'haproxy').map(ask)));
}

/** The rows of servers; those of frontends and whole backends are left out. @internal */
export function parseStatistics(csv: string): readonly PoolServer[] {
  const [head = '', ...rows] = csv.split('\n').filter((line) => line !== '');
  const columns = head.replace(/^# /, '').split(',');
  const at = (row: readonly string[], column: string) => row[columns.indexOf(column)] ?? '';
  return rows
    .map((line) => line.split(','))
    .filter((row) => !['FRONTEND', 'BACKEND', ''].includes(at(row, 'svname')))
    .map((row) => ({
      pool: at(row, 'pxname'),
      node: at(row, 'svname'),
      // `UP 1/3` is one that lost a check and still serves; `no check` is one that nobody asks.
      up: /^(UP|no check)/.test(at(row, 'status')),
    }));
}

/** `2 of 2 api, 1 of 2 auth serve behind it` */
export function balancerDetail(servers: readonly PoolServer[] | undefined): string {
  if (servers === undefined) return 'says nothing';
  const pools = [...new Set(servers.map(({ pool }) => pool))];
  const counts = pools.map((pool) => {
    const own = servers.filter((server) => server.pool === pool);
    return `${own.filter(({ up }) => up).length} of ${own.length} ${pool}`;
  });
  return `${counts.join(', ')} behind it`;
}

/** A sentence for each server that is out. */
export function balancerTroubles(balancers: Balancers): readonly string[] {
  return [...balancers].flatMap(([balancer, servers]) =>
    (servers ?? []).filter(({ up }) => !up).map(({ pool, node }) => `${balancer} sends nothing to ${pool} on ${node}`),
  );
}
