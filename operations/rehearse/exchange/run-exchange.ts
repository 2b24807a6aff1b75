/** Has messages exchanged through each balancer of an environment's machines, from a place inside their network, by its admin. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Addressing } from '../../../cluster/addressing.ts';
import type { Cluster } from '../../../cluster/model.ts';
import { nodesRunning } from '../../../cluster/services/peers.ts';
import type { HostsLayout } from '../../../drivers/hosts/layout.ts';
import { outcomeOf } from '../../../drivers/hosts/run-command.ts';
import { seated } from '../../../drivers/hosts/seat.ts';
import { installationRoot } from '../../../platform/installation-root.ts';
import { exchangeFailed } from '../errors.ts';
import type { EndpointOptions } from './endpoint.ts';
import { type Exchanged, parseExchanged } from './exchange.ts';

export interface RunExchangeOptions {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  readonly layout: HostsLayout;
  readonly token: string;
  /** The environment's. */
  readonly authorityPem: string;
  readonly project: string;
  readonly messages: number;
  readonly perBatch: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** For a push subscription, where the environment vouches for its certificate. */
  readonly endpoint?: EndpointOptions;
  /** Of those balancers alone; all of them where absent. */
  readonly through?: readonly string[];
}

/** Undefined for an environment without a balancer. @throws EnsembleError OPERATIONS_REHEARSE_MESSAGES_FAILED; the signal's reason */
export async function runExchange({
  cluster,
  addressing,
  layout,
  signal,
  through,
  ...task
}: RunExchangeOptions): Promise<Exchanged | undefined> {
  const entrances = nodesRunning(cluster, 'haproxy')
    .filter(({ id }) => through?.includes(id) ?? true)
    .map((node) => ({
      name: node.id,
      url: `https://${addressing.host(node)}:${addressing.port(node, 'haproxy', 'api')}`,
    }));
  if (entrances.length === 0) return undefined;
  const root = installationRoot();
  const loader = pathToFileURL(createRequire(join(root, 'package.json')).resolve('tsx')).href;
  const entry = join(root, 'operations', 'rehearse', 'exchange', 'entry.ts');
  const [program = '', ...args] = await seated(layout, [process.execPath, '--import', loader, entry]);
  const input = JSON.stringify({ ...task, entrances });
  const timeoutMs = task.timeoutMs * (entrances.length + 1);
  const { status, output, errors } = await outcomeOf(program, args, { input, timeoutMs, signal });
  if (status !== 0) throw exchangeFailed(errors.trim().split('\n').slice(-20));
  const found = parseExchanged(output);
  if (found.troubles.length > 0) throw exchangeFailed(found.troubles);
  return found;
}
