/**
 * Machines of this machine in the place of EC2's, for the same driver: what Systems Manager runs on an instance, a shell runs in a namespace. So a command
 * for a node is the same text here and on AWS.
 */
import type { Instance } from '../../clients/aws/instances.ts';
import type { Id } from '../../cluster/model.ts';
import { agentAway, commandFailed, noMachine } from '../aws/errors.ts';
import type { Machines, ScriptOptions } from '../aws/machines.ts';
import type { Hosts } from './hosts.ts';
import type { MachineStatus } from './machine.ts';

const evidenceLines = 20;

export function hostMachines(hosts: Hosts): Machines {
  async function all(): Promise<ReadonlyMap<Id, Instance>> {
    const found = await Promise.all(
      (await hosts.machines()).map(async ({ host, status }) => [host, await status()] as const),
    );
    return new Map(
      found.map(([{ node, address, tags }, { instance, state }]) => [
        node,
        { id: instance, state: wordOf(state), address, launchedAt: undefined, tags },
      ]),
    );
  }

  async function runWhereReachable(nodes: readonly Id[], script: string, { timeoutMs, signal }: ScriptOptions) {
    const machines = (await hosts.machines()).filter(({ host }) => nodes.includes(host.node));
    const outcomes = await Promise.all(
      machines.map(async ({ host, status, run }) => {
        // One that is paused would not answer, as an agent's would not.
        if ((await status()).state !== 'running') return [];
        const { status: exitCode, output, errors } = await run(script, timeoutMs, signal);
        if (exitCode === -1) return [];
        const outcome = {
          instance: host.instance,
          status: exitCode === 0 ? 'Success' : exitCode === 124 ? 'TimedOut' : 'Failed',
          exitCode: exitCode ?? 1,
          output,
          errors,
        };
        return [[host.node, outcome] as const];
      }),
    );
    return new Map(outcomes.flat());
  }

  async function assertReachable(nodes: readonly Id[]): Promise<void> {
    const found = await all();
    for (const node of nodes) {
      const state = found.get(node)?.state;
      if (state !== 'running') throw noMachine(node, state);
    }
  }

  return {
    all,
    runWhereReachable,
    assertReachable,
    async run(node, script, options) {
      await assertReachable([node]);
      const outcome = (await runWhereReachable([node], script, options)).get(node);
      if (outcome === undefined) throw agentAway([node]);
      if (outcome.exitCode === 0) return outcome.output;
      const lines = `${outcome.output}\n${outcome.errors}`.split('\n').filter((line) => line.trim() !== '');
      throw commandFailed(node, options.what, outcome.exitCode, lines.slice(-evidenceLines));
    },
  };
}

/** EC2's words. */
function wordOf(state: MachineStatus['state']): string {
  return state === 'running' ? 'running' : state === 'paused' ? 'stopping' : 'stopped';
}
