/**
 * The replicas of one partition by Kafka's rules: who is hit, who stays in sync, who leads. Each target that could be the leader is taken for the leader: the
 * worst case. Sources: Kafka 3.9's documentation, "Replication" and "Unclean leader election".
 */
import type { ScenarioStep } from './scenario.ts';

/** `behind`: in sync by the record, and yet without the last records. */
interface Replica {
  state: 'live' | 'behind' | 'down';
  inSync: boolean;
  /** Ended with what was not on its disk. */
  tornTail: boolean;
}

export interface Strike extends Pick<ScenarioStep, 'fault' | 'on'> {
  readonly count: number;
  /** For less than a session: nobody misses who is hit. */
  readonly brief: boolean;
}

export class ReplicaWorld {
  /** Its place among the replicas; undefined where nobody leads. */
  leader: number | undefined = 0;
  readonly #replicas: readonly Replica[];
  /** Whom each step has hit. */
  readonly #befallen = new Map<number, readonly number[]>();

  /** With so many in sync, its leader among them. */
  constructor(replicas: number, inSync: number) {
    this.#replicas = Array.from({ length: replicas }, (_each, index) => ({
      state: 'live',
      inSync: index < inSync,
      tornTail: false,
    }));
  }

  get inSyncAndLive(): number {
    return this.#replicas.filter(({ inSync, state }) => inSync && state !== 'down').length;
  }

  /** One that acks=all waits for is gone or behind. */
  get waitsForOne(): boolean {
    return this.#replicas.some(({ inSync, state }) => inSync && state !== 'live');
  }

  /** Nobody in sync has all of its log on the disk. */
  get allTorn(): boolean {
    return this.#replicas.every(({ inSync, tornTail }) => !inSync || tornTail);
  }

  /** @returns whether the leader is among those who serve nobody now, or come back without the last records */
  strike(step: number, { fault, on, count, brief }: Strike): boolean {
    const hit = fault === 'slow-link' ? [] : this.#victims(on, count);
    this.#befallen.set(step, hit);
    for (const index of hit) {
      const replica = this.#replicas[index];
      if (replica === undefined) continue;
      // Nobody misses it, and it comes back without the last records.
      if ((fault === 'pause' || fault === 'isolate') && brief) replica.state = 'behind';
      else [replica.state, replica.tornTail] = ['down', fault === 'machine-kill'];
    }
    return this.leader !== undefined && hit.includes(this.leader);
  }

  heal(step: number): void {
    const leads = () => (this.leader === undefined ? undefined : this.#replicas[this.leader]);
    for (const index of this.#befallen.get(step) ?? []) {
      const replica = this.#replicas[index];
      if (replica === undefined) continue;
      [replica.state, replica.tornTail] = ['live', false];
      // It catches up with a leader that is there; without one it is what it was.
      if (this.leader !== index && leads()?.state === 'live') replica.inSync = true;
    }
  }

  /** Takes who is down off the in-sync set, but for the last one, and finds a leader. */
  elect(unclean: boolean, quorum: boolean): 'clean' | 'unclean' | 'none' {
    const replicas = this.#replicas;
    const shrink = () => {
      for (const replica of replicas) if (replica.state === 'down') replica.inSync = false;
    };
    if (this.leader !== undefined && replicas[this.leader]?.state !== 'down') {
      if (quorum) shrink();
      return 'clean';
    }
    this.leader = undefined;
    if (!quorum) return 'none';
    const clean = replicas.findIndex(({ state, inSync }) => inSync && state !== 'down');
    if (clean >= 0) {
      this.leader = clean;
      shrink();
      return 'clean';
    }
    const any = replicas.findIndex(({ state }) => state !== 'down');
    if (!unclean || any < 0) return 'none';
    this.leader = any;
    for (const [index, replica] of replicas.entries()) replica.inSync = index === any;
    return 'unclean';
  }

  /** Among the replicas; nobody for those who hold none. */
  #victims(on: ScenarioStep['on'], count: number): readonly number[] {
    const live = this.#replicas.flatMap(({ state }, index) => (state === 'down' ? [] : [index]));
    const leaderFirst = [...live].sort((a, b) => this.#rank(a) - this.#rank(b));
    if (on === 'leader' || on === 'controller' || on === 'worker') return leaderFirst.slice(0, count);
    if (on === 'follower') return leaderFirst.filter((index) => index !== this.leader).slice(0, count);
    return [];
  }

  /** The leader, then those in sync. */
  #rank(index: number): number {
    if (index === this.leader) return 0;
    return this.#replicas[index]?.inSync === true ? 1 : 2;
  }
}
