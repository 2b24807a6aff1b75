/** The machines that carry an environment's nodes, found by their tags, and how a script is run on them. */
import type { CommandOutcome, CommandsClient } from '../../clients/aws/commands.ts';
import type { Instance, InstancesClient } from '../../clients/aws/instances.ts';
import type { Id } from '../../cluster/model.ts';
import { tags } from '../../contracts/aws-names.ts';
import { agentAway, commandFailed, commandTimedOut, noMachine } from './errors.ts';

export interface Machines {
  /** By node, also of nodes that the environment does not name. Where a machine is being replaced, the one that runs. */
  all(): Promise<ReadonlyMap<Id, Instance>>;
  /** Output of a script that ended well. Throws DRIVER_NO_MACHINE, DRIVER_NODE_UNREACHABLE, DRIVER_COMMAND_FAILED, DRIVER_COMMAND_TIMED_OUT. */
  run(node: Id, script: string, options: ScriptOptions): Promise<string>;
  /** On many at once; those that cannot be reached are not in the answer. */
  runWhereReachable(
    nodes: readonly Id[],
    script: string,
    options: ScriptOptions,
  ): Promise<ReadonlyMap<Id, CommandOutcome>>;
  /** Throws DRIVER_NO_MACHINE or DRIVER_NODE_UNREACHABLE unless a script could be run on each. */
  assertReachable(nodes: readonly Id[]): Promise<void>;
}

export interface ScriptOptions {
  /** In a few words: it stands in errors and in the console's list of commands. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Lines of a script's output that an error shows. */
const evidenceLines = 20;
/** In SSM's words (Systems Manager user guide, "Understanding command statuses"). */
const undelivered: ReadonlySet<string> = new Set(['Undeliverable', 'DeliveryTimedOut', 'Delivery Timed Out']);
const timedOut: ReadonlySet<string> = new Set(['TimedOut', 'ExecutionTimedOut', 'Execution Timed Out']);

export function ec2Machines(environment: string, instances: InstancesClient, commands: CommandsClient): Machines {
  async function all(): Promise<ReadonlyMap<Id, Instance>> {
    const found = await instances.instances({ [tags.environment]: environment });
    const byNode = new Map<Id, Instance>();
    for (const instance of found) {
      const node = instance.tags[tags.node];
      if (node !== undefined && byNode.get(node)?.state !== 'running') byNode.set(node, instance);
    }
    return byNode;
  }

  async function reachable(nodes: readonly Id[]): Promise<readonly (readonly [Id, string])[]> {
    const machines = await all();
    const running = nodes.flatMap((node) => {
      const machine = machines.get(node);
      return machine?.state === 'running' ? [[node, machine.id] as const] : [];
    });
    const online = await commands.reachable(running.map(([, id]) => id));
    return running.filter(([, id]) => online.has(id));
  }

  async function assertReachable(nodes: readonly Id[]): Promise<void> {
    const machines = await all();
    for (const node of nodes) {
      const state = machines.get(node)?.state;
      if (state !== 'running') throw noMachine(node, state);
    }
    const online = new Set((await reachable(nodes)).map(([node]) => node));
    const away = nodes.filter((node) => !online.has(node));
    if (away.length > 0) throw agentAway(away);
  }

  async function runWhereReachable(nodes: readonly Id[], script: string, { what, timeoutMs, signal }: ScriptOptions) {
    const targets = await reachable(nodes);
    const ids = targets.map(([, id]) => id);
    const outcomes = await commands.run(ids, script, { comment: `ensemble: ${what}`, timeoutMs, signal });
    const nodeOf = new Map(targets.map(([node, id]) => [id, node]));
    return new Map(outcomes.map((outcome) => [nodeOf.get(outcome.instance) ?? outcome.instance, outcome]));
  }

  return {
    all,
    assertReachable,
    runWhereReachable,
    async run(node, script, options) {
      await assertReachable([node]);
      const outcome = (await runWhereReachable([node], script, options)).get(node);
      if (outcome === undefined) throw agentAway([node]);
      if (outcome.status === 'Success' || outcome.exitCode === 0) return outcome.output;
      // Its agent went away between the look and the order: nothing was run.
      if (undelivered.has(outcome.status)) throw agentAway([node]);
      const said = `${outcome.output}\n${outcome.errors}`.split('\n').filter((line) => line.trim() !== '');
      const lines = said.slice(-evidenceLines);
      if (timedOut.has(outcome.status)) throw commandTimedOut(node, options.what, options.timeoutMs / 1000, lines);
      throw commandFailed(node, options.what, outcome.exitCode, lines);
    },
  };
}
