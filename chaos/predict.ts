/**
 * What should survive a scenario, said before it runs: the partition's replicas are walked through its steps as Kafka's rules have it. Each target that
 * could be the leader is taken for the leader: the worst case.
 *
 * Sources: Kafka 3.9's documentation, "Replication" and "Unclean leader election"; KIP-966 on what an unclean shutdown may take; ZooKeeper's guide on
 * majorities. That leaders go on serving without a quorum of ZooKeeper, until one of them fails, is what the sources disagree on: it is measured.
 */
import type { FaultKind } from '../contracts/fault.ts';
import type { Scenario, ScenarioStep, Target } from './scenario.ts';
import { countOf, type Schedule, type Surroundings } from './schedule.ts';

export interface Configuration extends Surroundings {
  readonly masters: number;
  /** Of the partition that the schedule chose, when the run begins; its leader counts. */
  readonly inSync: number;
  /** Of the messaging platform; 0 where there is none. */
  readonly balancers: number;
  readonly apiNodes: number;
  readonly pushServers: number;
}

/** From the injection of one step until the healing of another begins; to the end of the run where none ends it. */
export interface Stop {
  readonly fromStep: number;
  readonly untilStep?: number | undefined;
}

export interface Prediction {
  /** While faults are on, once it has been elected: `stops` where there is a time in which nothing can be acknowledged until somebody is healed. */
  readonly writing: 'continues' | 'stops';
  readonly reading: 'continues' | 'stops';
  readonly durability: 'keeps' | 'may-lose';
  /** When each is predicted to stop, in the order of the steps. */
  readonly stops: { readonly writing: readonly Stop[]; readonly reading: readonly Stop[] };
  /** Sentences, in their order: what is relied on, and what each step does. */
  readonly theorem: readonly string[];
}

/** `behind`: in sync by the record, and yet without the last records. */
interface Replica {
  state: 'live' | 'behind' | 'down';
  inSync: boolean;
  /** Ended with what was not on its disk. */
  tornTail: boolean;
}

interface World {
  readonly replicas: Replica[];
  leader: number | undefined;
  mastersDown: number;
  /** How many of each of these are away. */
  readonly away: Map<Target, number>;
  readonly befallen: Map<number, readonly number[]>;
}

export function predict(scenario: Scenario, schedule: Schedule, configuration: Configuration): Prediction {
  const { topic, workload } = scenario;
  const { acks } = workload;
  const { failures, masters, inSync, sessionTimeoutMs } = configuration;
  const world: World = {
    replicas: Array.from({ length: topic.replicas }, (_each, index) => ({
      state: 'live',
      inSync: index < inSync,
      tornTail: false,
    })),
    leader: 0,
    mastersDown: 0,
    away: new Map(),
    befallen: new Map(),
  };
  const theorem = general(scenario, configuration);
  let [writing, reading, durability]: ['continues' | 'stops', 'continues' | 'stops', 'keeps' | 'may-lose'] = [
    'continues',
    'continues',
    'keeps',
  ];
  const stops = { writing: new Stops(), reading: new Stops() };
  const lose = (why: string) => {
    durability = 'may-lose';
    theorem.push(why);
  };

  for (const action of schedule.actions) {
    const step = scenario.steps[action.step];
    if (step === undefined) continue;
    const count = countOf(step, failures);
    const more = !takesAway(step) ? 0 : action.do === 'inject' ? count : -count;
    world.away.set(step.on, (world.away.get(step.on) ?? 0) + more);
    if (step.on === 'master') world.mastersDown += more;
    else if (action.do === 'inject') {
      const before = world.leader;
      const hit = victims(world, step.on, count);
      world.befallen.set(action.step, hit);
      strike(world, hit, step.fault, durationMs(schedule, action.step) < sessionTimeoutMs);
      if (before !== undefined && hit.includes(before)) {
        if (acks === 1)
          lose(`${step.fault} of the leader: with acks=1 what no follower has fetched yet may be lost with it.`);
      }
      if (step.fault === 'machine-kill' && world.replicas.every(({ inSync: is, tornTail }) => !is || tornTail))
        lose(
          'Every replica in sync loses what was not on its disk: durability tolerates min.insync.replicas - 1 of those.',
        );
    } else heal(world, world.befallen.get(action.step) ?? []);

    const quorum = masters - world.mastersDown > masters / 2;
    const elected = elect(world, topic.unclean, quorum);
    if (elected === 'unclean')
      lose('No replica in sync is there, and an unclean election takes one that lacks acknowledged records.');
    const shut = shutBy(workload, world.away, configuration);
    if (shut !== undefined) theorem.push(shut.why);
    const unread = shut !== undefined || world.leader === undefined;
    let unwritten = shut?.writing === true || world.leader === undefined;
    if (world.leader !== undefined && acks === 'all' && inSyncAndLive(world) < topic.minInSync) {
      if (writing === 'continues')
        theorem.push(`Fewer than ${topic.minInSync} replicas are in sync: acks=all is refused until one comes back.`);
      unwritten = true;
    } else if (
      world.leader !== undefined &&
      acks === 'all' &&
      !quorum &&
      world.replicas.some(({ inSync: is, state }) => is && state !== 'live')
    ) {
      theorem.push('Without a quorum nobody can take the missing replica off the in-sync set: acks=all waits for it.');
      unwritten = true;
    }
    if (unwritten) writing = 'stops';
    if (unread) reading = 'stops';
    stops.writing.take(action, unwritten);
    stops.reading.take(action, unread);
    if (!quorum && theorem.every((line) => !line.startsWith('ZooKeeper has no quorum')))
      theorem.push(
        'ZooKeeper has no quorum: nothing is elected. Leaders are expected to go on serving until one fails; the sources disagree, so it is measured.',
      );
  }
  return {
    writing,
    reading,
    durability,
    stops: { writing: stops.writing.all, reading: stops.reading.all },
    theorem,
  };
}

class Stops {
  readonly all: { readonly fromStep: number; untilStep?: number }[] = [];
  #open: { readonly fromStep: number; untilStep?: number } | undefined;

  take({ step }: Schedule['actions'][number], isStopped: boolean): void {
    if (isStopped && this.#open === undefined) {
      this.#open = { fromStep: step };
      this.all.push(this.#open);
    } else if (!isStopped && this.#open !== undefined) {
      this.#open.untilStep = step;
      this.#open = undefined;
    }
  }
}

function general({ topic, workload }: Scenario, { inSync, failures }: Configuration): string[] {
  const { replicas, minInSync, unclean } = topic;
  const acks = workload.acks === 'all' ? 'acks=all' : 'acks=1';
  const lines = [
    `${replicas} replicas, ${inSync} in sync now, min.insync.replicas=${minInSync}, ${acks}, unclean election ${unclean ? 'on' : 'off'}, f=${failures}.`,
    workload.acks === 'all'
      ? `Writing tolerates ${Math.max(0, replicas - minInSync)} failures (replicas - min.insync.replicas); reading ${Math.max(0, replicas - 1)}.`
      : `Writing and reading tolerate ${Math.max(0, replicas - 1)} failures: one replica is enough for acks=1.`,
  ];
  lines.push(
    workload.acks === 'all'
      ? `What is acknowledged survives ${Math.max(0, minInSync - 1)} machines that lose their memory, in the worst case (KIP-966); and any number of ended processes${unclean ? ', but for unclean elections' : ''}.`
      : 'acks=1 acknowledges what only the leader has: what is not replicated yet dies with it.',
  );
  return lines;
}

/** Why nobody gets in, or nothing is delivered, with so many of them away; one that is left serves for all. */
function shutBy(
  { through, push }: Scenario['workload'],
  away: ReadonlyMap<Target, number>,
  { balancers, apiNodes, pushServers }: Configuration,
): { readonly writing: boolean; readonly why: string } | undefined {
  const gone = (target: Target, all: number) => (away.get(target) ?? 0) >= all;
  if (through === 'balancer' && gone('balancer', balancers))
    return { writing: true, why: 'No balancer is left: nobody gets in until one is back.' };
  if (through !== 'kafka' && gone('api-node', apiNodes))
    return { writing: true, why: 'No node of the messaging API is left: nobody gets in until one is back.' };
  if (push && gone('push-server', pushServers))
    return { writing: false, why: 'No push server is left: nothing is delivered until one is back.' };
  return undefined;
}

/** Whether who is hit serves nobody: what is slow serves, and only those that keep data need their disk. */
function takesAway({ fault, on }: ScenarioStep): boolean {
  return fault !== 'slow-link' && (fault !== 'full-disk' || on === 'master');
}

/** Whom a step befalls among the partition's replicas; nobody for those who hold none. */
function victims(world: World, on: Scenario['steps'][number]['on'], count: number): readonly number[] {
  const live = world.replicas.flatMap(({ state }, index) => (state === 'down' ? [] : [index]));
  const leaderFirst = [...live].sort((a, b) => rank(world, a) - rank(world, b));
  if (on === 'leader' || on === 'controller' || on === 'worker') return leaderFirst.slice(0, count);
  if (on === 'follower') return leaderFirst.filter((index) => index !== world.leader).slice(0, count);
  return [];
}

/** The leader, then those in sync. */
function rank(world: World, index: number): number {
  if (index === world.leader) return 0;
  return world.replicas[index]?.inSync === true ? 1 : 2;
}

function strike(world: World, hit: readonly number[], kind: FaultKind, brief: boolean): void {
  for (const index of hit) {
    const replica = world.replicas[index];
    if (replica === undefined || kind === 'slow-link') continue;
    // Away for less than a session: nobody misses it, and it comes back without the last records.
    if ((kind === 'pause' || kind === 'isolate') && brief) {
      replica.state = 'behind';
      continue;
    }
    replica.state = 'down';
    replica.tornTail = kind === 'machine-kill';
  }
}

function heal(world: World, hit: readonly number[]): void {
  for (const index of hit) {
    const replica = world.replicas[index];
    if (replica === undefined) continue;
    replica.state = 'live';
    replica.tornTail = false;
    // It catches up with a leader that is there; without one it is what it was.
    if (world.leader !== undefined && world.leader !== index && world.replicas[world.leader]?.state === 'live')
      replica.inSync = true;
  }
}

/** Takes who is down off the in-sync set, but for the last one, and finds a leader. */
function elect(world: World, unclean: boolean, quorum: boolean): 'clean' | 'unclean' | 'none' {
  const { replicas } = world;
  const leads = world.leader === undefined ? undefined : replicas[world.leader];
  if (leads !== undefined && leads.state !== 'down') {
    if (quorum) for (const replica of replicas) if (replica.state === 'down') replica.inSync = false;
    return 'clean';
  }
  world.leader = undefined;
  if (!quorum) return 'none';
  const clean = replicas.findIndex(({ state, inSync }) => inSync && state !== 'down');
  if (clean >= 0) {
    world.leader = clean;
    for (const replica of replicas) if (replica.state === 'down') replica.inSync = false;
    return 'clean';
  }
  const any = replicas.findIndex(({ state }) => state !== 'down');
  if (!unclean || any < 0) return 'none';
  world.leader = any;
  for (const [index, replica] of replicas.entries()) replica.inSync = index === any;
  return 'unclean';
}

function inSyncAndLive({ replicas }: World): number {
  return replicas.filter(({ inSync, state }) => inSync && state !== 'down').length;
}

function durationMs(schedule: Schedule, step: number): number {
  const [begin, end] = schedule.actions.filter((action) => action.step === step);
  return (end?.atMs ?? 0) - (begin?.atMs ?? 0);
}
