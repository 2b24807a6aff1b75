/** Starts, stops and kills the nodes of balanced-node.ts, and reads what arrived at them. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allNodes } from '../../cluster/resolve.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import type { BalancerFixture } from './balancer-fixture.ts';

export const token = 'the-service-token';

export interface Received {
  readonly id: string;
  readonly node: string;
  readonly method: string;
  readonly url: string;
  /** It was asked to wait before it answers. */
  readonly slow: boolean;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

export interface BalancedNodes {
  /** Returns once the node listens. `leaveMs`: see contracts/messaging-api-config.ts. `as`: whose certificate it shows. */
  start(id: string, options?: { readonly leaveMs?: number; readonly certificate?: Certificate }): Promise<void>;
  /** SIGTERM, and its end; gives the exit status. */
  stop(id: string): Promise<number | null>;
  kill(id: string): Promise<void>;
  pid(id: string): number;
  /** Every request with an id, in the order of its arrival at a node. */
  received(): readonly Received[];
  dispose(): Promise<void>;
}

interface Certificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export function balancedNodes(fixture: BalancerFixture): BalancedNodes {
  const running = new Map<string, ChildProcess>();
  const receivedFile = join(fixture.stateDirectory, 'received.jsonl');
  const child = (id: string) => {
    const found = running.get(id);
    if (found === undefined) throw new Error(`${id} does not run`);
    return found;
  };
  const end = async (id: string, signal: NodeJS.Signals) => {
    const ending = child(id);
    running.delete(id);
    const exit = once(ending, 'exit');
    ending.kill(signal);
    return ((await exit) as [number | null])[0];
  };
  return {
    async start(id, { leaveMs = 3_000, certificate } = {}) {
      const node = allNodes(fixture.cluster()).find((each) => each.id === id);
      if (node === undefined) throw new Error(`the environment has no ${id}`);
      const secret = async (name: string) => (await fixture.secrets.read(name))?.toString('utf8') ?? '';
      const file = (name: string, text: string) => {
        const path = join(fixture.stateDirectory, `${id}.${name}`);
        writeFileSync(path, text, { mode: 0o600 });
        return path;
      };
      const options = {
        id,
        host: fixture.addressing().host(node),
        port: fixture.addressing().port(node, 'messaging-api', 'https'),
        certificate: file('certificate', certificate?.certificatePem ?? (await secret(`tls/${id}.pem`))),
        key: file('key', certificate?.keyPem ?? (await secret(`tls/${id}.key.pem`))),
        token,
        received: receivedFile,
        leaveMs,
      };
      const script = join(installationRoot(), 'test', 'integration', 'balanced-node.ts');
      const started = fork(script, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
      running.set(id, started);
      await Promise.race([
        once(started, 'message'),
        once(started, 'exit').then(([status]) => {
          throw new Error(`${id} ended with ${String(status)} before it listened`);
        }),
      ]);
    },
    stop: (id) => end(id, 'SIGTERM'),
    kill: async (id) => void (await end(id, 'SIGKILL')),
    pid: (id) => child(id).pid ?? 0,
    received() {
      if (!existsSync(receivedFile)) return [];
      const lines = readFileSync(receivedFile, 'utf8').split('\n');
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Received);
    },
    async dispose() {
      await Promise.all([...running.keys()].map((id) => end(id, 'SIGKILL')));
    },
  };
}
