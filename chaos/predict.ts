/**
 * What should survive a scenario, said before it runs: the partition's replicas are walked through its steps as Kafka's rules have it. Each target that
 * could be the leader is taken for the leader: the worst case.
 *
 * Sources: Kafka 3.9's documentation, "Replication" and "Unclean leader election"; KIP-966 on what an unclean shutdown may take; ZooKeeper's guide on
 * majorities. That leaders go on serving without a quorum of ZooKeeper, until one of them fails, is what the sources disagree on: it is measured.
 */
import { ReplicaWorld } from './replica-world.ts';
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
  /** `stops` where one of the other partitions may have nobody to lead it until somebody is healed. */
  readonly others: 'continues' | 'stops';
  /** When each is predicted to stop, in the order of the steps. */
  readonly stops: { readonly writing: readonly Stop[]; readonly reading: readonly Stop[] };
  /** Sentences, in their order: what is relied on, and what each step does. */
  readonly theorem: readonly string[];
}

export function predict(scenario: Scenario, schedule: Schedule, configuration: Configuration): Prediction {
  const { topic, workload, steps } = scenario;
  const { failures, masters, inSync, sessionTimeoutMs } = configuration;
  const world = new ReplicaWorld(topic.replicas, inSync);
  const away = new Map<Target, number>();
  const theorem = general(scenario, configuration);
  const say = (line: string) => {
    if (!theorem.includes(line)) theorem.push(line);
  };
  const stops = { writing: new Stops(), reading: new Stops() };
  let durability: Prediction['durability'] = 'keeps';
  let others: Prediction['others'] = 'continues';
  const lose = (why: string) => {
    durability = 'may-lose';
    say(why);
  };

  for (const action of schedule.actions) {
    const step = steps[action.step];
    if (step === undefined) continue;
    const count = countOf(step, failures);
    const more = !takesAway(step) ? 0 : action.do === 'inject' ? count : -count;
    away.set(step.on, (away.get(step.on) ?? 0) + more);
    if (action.do === 'heal') world.heal(action.step);
    else {
      const brief = durationMs(schedule, action.step) < sessionTimeoutMs;
      const leaderIsHit = world.strike(action.step, { ...step, count, brief });
      if (leaderIsHit && workload.acks === 1) lose(sentences.leaderAlone(step.fault));
      if (step.fault === 'machine-kill' && world.allTorn) lose(sentences.allTorn);
    }
    const quorum = masters - (away.get('master') ?? 0) > masters / 2;
    // Whom a broker led besides, nobody can be elected for.
    if (!quorum && brokers.some((target) => (away.get(target) ?? 0) > 0)) others = 'stops';
    if (world.elect(topic.unclean, quorum) === 'unclean') lose(sentences.unclean);

    const shut = shutBy(workload, away, configuration);
    if (shut !== undefined) say(shut.why);
    const refused = refusedBy(world, scenario, quorum);
    if (refused !== undefined) say(refused);
    const unled = world.leader === undefined;
    stops.writing.take(action, unled || shut?.writing === true || refused !== undefined);
    stops.reading.take(action, unled || shut !== undefined);
    if (!quorum) say(sentences.noQuorum);
  }
  const [writing, reading] = [stops.writing.all, stops.reading.all];
  return {
    writing: writing.length > 0 ? 'stops' : 'continues',
    reading: reading.length > 0 ? 'stops' : 'continues',
    durability,
    others,
    stops: { writing, reading },
    theorem,
  };
}

const brokers: readonly Target[] = ['leader', 'follower', 'controller', 'worker'];

const sentences = {
  leaderAlone: (fault: string) =>
    `${fault} of the leader: with acks=1 what no follower has fetched yet may be lost with it.`,
  allTorn:
    'Every replica in sync loses what was not on its disk: durability tolerates min.insync.replicas - 1 of those.',
  unclean: 'No replica in sync is there, and an unclean election takes one that lacks acknowledged records.',
  tooFew: (minInSync: number) =>
    `Fewer than ${minInSync} replicas are in sync: acks=all is refused until one comes back.`,
  waits: 'Without a quorum nobody can take the missing replica off the in-sync set: acks=all waits for it.',
  noQuorum:
    'ZooKeeper has no quorum: nothing is elected. Leaders are expected to go on serving until one fails; the sources disagree, so it is measured.',
} as const;

/** Why a leader that is there acknowledges nothing; undefined where it does. */
function refusedBy(world: ReplicaWorld, { topic, workload }: Scenario, quorum: boolean): string | undefined {
  if (world.leader === undefined || workload.acks !== 'all') return undefined;
  if (world.inSyncAndLive < topic.minInSync) return sentences.tooFew(topic.minInSync);
  return !quorum && world.waitsForOne ? sentences.waits : undefined;
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

function durationMs(schedule: Schedule, step: number): number {
  const [begin, end] = schedule.actions.filter((action) => action.step === step);
  return (end?.atMs ?? 0) - (begin?.atMs ?? 0);
}
