/**
 * Operates an environment that is deployed to AWS: machines through EC2, what runs on them through Systems Manager, settings and reports through the bucket.
 * Terraform makes machines, and systemd keeps services; this asks and orders, and keeps no state of its own.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isPassing } from '../../clients/aws/errors.ts';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Id, Node, Probe } from '../../cluster/model.ts';
import { remedyOf } from '../../cluster/readings.ts';
import { type RenderedService, renderNode } from '../../cluster/render.ts';
import { serviceTable } from '../../cluster/services/table.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { jobUnitName, serviceUnitName } from '../../provision/unit.ts';
import type { Driver, RunState, ServiceRef, ServiceState } from '../driver.ts';
import { jobFailed, notReady, reloadFailed, serviceDied } from '../errors.ts';
import { findDifferences } from './differences.ts';
import { commandTimedOut, commandTimedOutCode, notPurgedHere } from './errors.ts';
import { answerIn, exchangeScript } from './exchange.ts';
import type { Machines } from './machines.ts';
import { assertObjectsThere, nodeLook } from './node-look.ts';
import { type NodeReport, runStateOf, waitsForRestart } from './node-report.ts';
import * as scripts from './scripts.ts';

export interface AwsDriverOptions {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  readonly machines: Machines;
  /** The environment's bucket. */
  readonly objects: Pick<ObjectsClient, 'read' | 'exists'>;
}

/** A script that answers at once, on a machine that is busy. */
const quickMs = 60_000;
/** A first apply fetches some hundred megabytes of archives. */
const applyMs = 30 * 60_000;
/** What a start may take before its process runs: jobs before it wait for others. */
const startMs = 10 * 60_000;
/** How long one report waits for services to answer. */
const reportPatienceSeconds = 20;
/** Between two looks at what changes by itself. */
const lookAgainMs = 2_000;
const evidenceLines = 20;
/**
 * Of a service that is waited for, since it was first looked at: once is no fault (a session of before may still be known to the quorum), this often is one.
 * Those of before are another story: a disk that was full until now.
 */
const restartsBorne = 3;
/** How long a reload may take to show. */
const reloadMs = 60_000;

export function awsDriver({ cluster, addressing, machines, objects }: AwsDriverOptions): Driver {
  const placed = cluster.groups.flatMap((group) => group.nodes.map((node) => ({ group, node })));
  const known = new Map(placed.map((each) => [each.node.id, each]));
  const look = nodeLook(machines, objects);
  const logPlace = ({ node, service }: ServiceRef) => `journalctl -u ${serviceUnitName(service)}, on ${node}`;

  function renderedOf({ node, service }: ServiceRef): RenderedService {
    const found = known.get(node);
    const rendered =
      found && renderNode(cluster, found.group, found.node, addressing).find((each) => each.service === service);
    if (rendered === undefined) throw new TypeError(`${service} does not run on ${node}`);
    return rendered;
  }

  async function reported({ node, service }: ServiceRef, patienceSeconds: number) {
    const report = (await look.reports([node], patienceSeconds)).get(node);
    return report?.services.find((each) => each.service === service);
  }

  const differences = (nodes: Iterable<Id>) =>
    findDifferences({ cluster, addressing, machines, objects, look }, new Set(nodes));

  async function logOf({ node, service }: ServiceRef, lines: number): Promise<readonly string[]> {
    const script = scripts.logScript(serviceUnitName(service), lines);
    const text = await machines.run(node, script, { what: `the log of ${service}`, timeoutMs: quickMs });
    return text.split('\n').filter((line) => line !== '');
  }

  function addressOf(node: Node, service: Id): string {
    const listener = serviceTable.get(service)?.listeners[0]?.name ?? '';
    return `${addressing.host(node)}:${addressing.port(node, service, listener)}`;
  }

  async function statesOf(
    { group, node }: { readonly group: Group; readonly node: Node },
    machine: string | undefined,
    report: NodeReport | undefined,
  ): Promise<readonly ServiceState[]> {
    const listed = report === undefined ? undefined : await look.wanted(node.id);
    const wanted = new Map(listed?.services.map(({ service, digest }) => [service, digest]));
    return group.services.map((service) => {
      const said = report?.services.find((each) => each.service === service);
      const runs = said?.running ?? undefined;
      return {
        node: node.id,
        service,
        role: group.role,
        address: addressOf(node, service),
        state: said === undefined ? stateOfMachine(machine) : runStateOf(said),
        pid: said === undefined || said.pid === 0 ? undefined : said.pid,
        since: said?.since ?? undefined,
        outdated: said !== undefined && runs !== undefined && runs !== (wanted.get(service) ?? said.installed),
        // Who started it wants it to run, and so does systemd. (A restart of ours is systemd's own deed, which no end of a command cuts off.)
        restarting: said !== undefined && waitsForRestart(said),
      };
    });
  }

  async function status(): Promise<readonly ServiceState[]> {
    const [found, said] = await Promise.all([machines.all(), look.reports([...known.keys()])]);
    const states = placed.map((each) => statesOf(each, found.get(each.node.id)?.state, said.get(each.node.id)));
    return (await Promise.all(states)).flat();
  }

  async function died(ref: ServiceRef) {
    return serviceDied(ref, logPlace(ref), await logOf(ref, evidenceLines));
  }

  async function order(ref: ServiceRef, what: string, script: string, timeoutMs: number): Promise<string> {
    const named = `${what} ${ref.service}`;
    try {
      const output = await machines.run(ref.node, script, { what: named, timeoutMs });
      return output.trim().split('\n').at(-1) ?? '';
    } catch (error) {
      if (!(error instanceof EnsembleError) || error.code !== commandTimedOutCode) throw error;
      // The script was ended before it could show the log.
      const lines = await logOf(ref, evidenceLines).catch(() => []);
      throw commandTimedOut(ref.node, named, timeoutMs / 1000, [...error.evidence, ...lines]);
    }
  }

  /** What a service says to a question of the model, on its own node; undefined where there is none, or none that is expected. */
  async function answer(ref: ServiceRef, asked: Probe | undefined): Promise<string | undefined> {
    const node = known.get(ref.node)?.node;
    if (asked === undefined || node === undefined) return undefined;
    const port = addressing.port(node, ref.service, asked.listener);
    const script = exchangeScript({ port, tls: asked.tls === true, send: asked.send });
    const said = answerIn(await machines.run(ref.node, script, { what: `ask ${ref.service}`, timeoutMs: quickMs }));
    return said === undefined ? undefined : new RegExp(asked.expect).exec(said)?.[0];
  }

  async function reloaded(ref: ServiceRef, done: Probe | undefined, before: string | undefined): Promise<void> {
    if (done === undefined) return;
    const deadline = performance.now() + reloadMs;
    for (;;) {
      const said = await answer(ref, done);
      if (said !== undefined && said !== before) return;
      if (performance.now() > deadline)
        throw reloadFailed(ref, reloadMs / 1000, logPlace(ref), await logOf(ref, evidenceLines));
    }
  }

  return {
    status,

    async install(node) {
      await machines.run(node, scripts.applyScript, { what: 'apply', timeoutMs: applyMs });
    },

    async preflight(services) {
      const nodes = [...new Set(services.map(({ node }) => node))];
      await machines.assertReachable(nodes);
      for (const node of nodes) await assertObjectsThere(node, await look.wanted(node), objects);
    },

    async start(ref) {
      const said = await order(ref, 'start', scripts.startScript(serviceUnitName(ref.service)), startMs);
      return { started: said === 'started' };
    },

    async stop(ref, { timeoutMs } = {}) {
      const patienceMs = timeoutMs ?? (known.has(ref.node) ? renderedOf(ref).process.stopTimeoutMs : startMs);
      const script = scripts.stopScript(serviceUnitName(ref.service), timeoutMs);
      const said = await order(ref, 'stop', script, patienceMs + quickMs);
      return { outcome: said === 'killed' || said === 'not running' ? said : 'stopped' };
    },

    async restart(ref, { timeoutMs } = {}) {
      const patienceMs = timeoutMs ?? renderedOf(ref).process.stopTimeoutMs;
      const script = scripts.restartScript(serviceUnitName(ref.service), timeoutMs);
      await order(ref, 'restart', script, patienceMs + startMs);
    },

    async run(ref, id, signal) {
      const job = renderedOf(ref).process.jobs?.find((each) => each.id === id);
      if (job === undefined) throw new TypeError(`${ref.service} has no job ${id}`);
      // What comes before a start is part of its unit, which runs it each time.
      if (job.when === 'before-start') return '';
      const unit = jobUnitName(ref.service, id);
      const what = `job ${id} of ${ref.service}`;
      const outcomes = await machines.runWhereReachable([ref.node], scripts.jobScript(unit), {
        what,
        timeoutMs: job.timeoutMs + quickMs,
        signal,
      });
      const outcome = outcomes.get(ref.node);
      const lines = (outcome?.output ?? '').trim().split('\n');
      if (outcome?.exitCode === 0) return lines.at(-1) ?? '';
      const why =
        outcome === undefined
          ? 'was not run: the node’s agent does not answer'
          : `ended with status ${outcome.exitCode}`;
      throw jobFailed(ref, id, why, `journalctl -u ${unit}, on ${ref.node}`, lines);
    },

    async reload(ref) {
      const { reload } = renderedOf(ref).process;
      if (reload === undefined) return false;
      const found = (await differences([ref.node])).find(({ service }) => service === ref.service);
      const before = await answer(ref, reload.done);
      const script = scripts.reloadScript(serviceUnitName(ref.service));
      if ((await order(ref, 'reload', script, startMs)) !== 'reloaded') return false;
      await reloaded(ref, reload.done, before);
      // A unit whose reload reads everything notes so itself.
      if (reload.reads !== 'everything' && found !== undefined && remedyOf(found, renderedOf(ref)) === 'reload')
        await this.adopt(ref);
      return true;
    },

    async ready(ref, { timeoutMs, signal }) {
      const deadline = performance.now() + timeoutMs;
      const patienceSeconds = Math.min(reportPatienceSeconds, Math.ceil(timeoutMs / 1000));
      let restartsBefore: number | undefined;
      for (;;) {
        signal.throwIfAborted();
        const said = await reported(ref, patienceSeconds).catch((error: unknown) => {
          // A look that AWS did not take is one more that saw nothing, until there is no time for another.
          if (!isPassing(error) || performance.now() > deadline) throw error;
        });
        if (said?.ready === true) return;
        if (said !== undefined) restartsBefore = Math.min(restartsBefore ?? said.restarts, said.restarts);
        const restarts = (said?.restarts ?? 0) - (restartsBefore ?? 0);
        if (said?.state === 'failed' || restarts >= restartsBorne) throw await died(ref);
        if (performance.now() > deadline)
          throw notReady(ref, Math.round(timeoutMs / 1000), logPlace(ref), await logOf(ref, evidenceLines));
        // An agent that is away is known at once to be: it is looked for again, not without a pause.
        await delay(lookAgainMs, undefined, { signal }).catch(() => undefined);
      }
    },

    async assertAlive(ref) {
      const said = await reported(ref, 0);
      // systemd starts again by itself what ended; what it has given up on is dead.
      if (said !== undefined && (said.state === 'failed' || said.state === 'inactive')) throw await died(ref);
    },

    differences: () => differences(known.keys()),

    async adopt(ref) {
      await order(ref, 'note of', scripts.adoptScript(ref.service), quickMs);
    },

    async strays() {
      const others = [...(await machines.all()).keys()].filter((node) => !known.has(node));
      if (others.length === 0) return [];
      return [...(await look.reports(others))].flatMap(([node, { services }]) =>
        services.filter(({ state }) => state === 'active').map(({ service }) => ({ node, service })),
      );
    },

    logs: logOf,

    async *follow({ node, service }, signal) {
      let cursor: string | undefined;
      while (!signal.aborted) {
        const script = scripts.followScript(serviceUnitName(service), cursor);
        const text = await machines.run(node, script, { what: `the log of ${service}`, timeoutMs: quickMs });
        const [, shown = text, place] = /^([\s\S]*?)-- cursor: (\S+)\s*$/.exec(text) ?? [];
        cursor = place ?? cursor;
        if (shown !== '' && !shown.startsWith('-- ')) yield shown;
        await delay(lookAgainMs, undefined, { signal }).catch(() => undefined);
      }
    },

    async purge() {
      throw notPurgedHere(cluster.environment);
    },
  };
}

/** EC2's words, where the node itself says nothing. A machine that runs, and does not answer, is on its way, or lost: never `running`. */
function stateOfMachine(state: string | undefined): RunState {
  return state === 'running' || state === 'pending' ? 'starting' : 'stopped';
}
