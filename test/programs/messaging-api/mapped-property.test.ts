/**
 * A mapped topic as a state machine (decision 0020): pulls and acknowledgements on two nodes at once, lost and late ones, partitions that are added, and
 * retention that passes the subscription, in any order. What must hold is said of each partition alone.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Received, startApi } from './api-fixture.ts';
import { type MappedApi, mapped, startWithMapped } from './mapped-fixture.ts';

const kafka = 'monitoring.pms';
const mostPartitions = 4;

const act = fc.constantFrom('publish', 'pull', 'pull', 'ack', 'ack', 'ack-one', 'late', 'grow', 'retention');
const step = fc.record({
  node: fc.integer({ min: 0, max: 1 }),
  act,
  count: fc.integer({ min: 1, max: 5 }),
  partition: fc.integer({ min: 0, max: mostPartitions - 1 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function placeOf({ message }: Received): readonly [partition: number, offset: number] {
  const [partition = '', offset = ''] = message.messageId.split('-');
  return [Number(partition), Number(offset)];
}

class Model {
  readonly nodes: readonly MappedApi[];
  /** Answers to pulls, whose acknowledgements may come much later, or never. */
  readonly answers: (readonly Received[])[] = [];
  readonly delivered = new Set<string>();
  readonly lost = new Set<string>();
  /** One behind the greatest offset whose acknowledgement was answered with 200. */
  readonly acknowledged: number[] = Array.from({ length: mostPartitions }, () => 0);
  stood: readonly number[] = [];

  constructor(nodes: readonly MappedApi[]) {
    this.nodes = nodes;
  }

  get #first(): MappedApi {
    const [first] = this.nodes;
    if (first === undefined) throw new Error('no node');
    return first;
  }

  get logs() {
    return this.#first.backend.logs.get(kafka) ?? [];
  }

  async take({ node, act, count, partition }: Step): Promise<void> {
    const api = this.nodes[node] ?? this.#first;
    if (act === 'publish') {
      const key = { 'kafka.key': `key-${partition}` };
      const messages = Array.from({ length: count }, (_each, index) => ({
        data: 'eA==',
        ...(index % 2 === 0 ? { attributes: key } : {}),
      }));
      await api.make('POST', 'projects/P/topics/M:publish', { messages });
    } else if (act === 'late') for (const each of this.nodes) each.clock.now += 4_000 * count;
    else if (act === 'grow') api.backend.grow(kafka, Math.min(mostPartitions, this.logs.length + 1));
    else if (act === 'retention') this.#retain(partition, count);
    else if (act === 'pull') await this.pull(api, count);
    else await this.acknowledge(api, this.answers[this.answers.length - count] ?? [], act === 'ack-one');
  }

  #retain(partition: number, count: number): void {
    const log = this.logs[partition];
    if (log === undefined) return;
    const min = (log.records[0]?.offset ?? log.next) + count;
    for (const { offset } of log.records) if (offset < min) this.lost.add(`${partition}-${offset}`);
    this.#first.backend.forget({ topic: kafka, partition, foreign: true }, (offset) => offset < min);
  }

  async pull(api: MappedApi, count: number): Promise<number> {
    const before = [...this.acknowledged];
    const received = await api.pull(count);
    expect(received.length).toBeLessThanOrEqual(count);
    const last = new Map<number, number>();
    for (const each of received) {
      const [partition, offset] = placeOf(each);
      expect(offset).toBeGreaterThan(last.get(partition) ?? -1);
      last.set(partition, offset);
      // What was acknowledged before the pull began is not handed out again.
      expect(offset).toBeGreaterThanOrEqual(before[partition] ?? 0);
      this.delivered.add(each.message.messageId);
    }
    if (received.length > 0) this.answers.push(received);
    return received.length;
  }

  async acknowledge(api: MappedApi, received: readonly Received[], oneOnly: boolean): Promise<number> {
    const chosen = oneOnly ? received.slice(0, 1) : received;
    if (chosen.length === 0) return 0;
    const { status } = await api.acknowledge(...chosen.map(({ message }) => message.messageId));
    if (status !== 200) return status;
    for (const each of chosen) {
      const [partition, offset] = placeOf(each);
      this.acknowledged[partition] = Math.max(this.acknowledged[partition] ?? 0, offset + 1);
    }
    return status;
  }

  /** Never backwards, never past what nobody acknowledged but for what retention took. */
  async check(): Promise<void> {
    const stands = await this.#first.stands();
    const mins = this.logs.map(({ next, records }) => records[0]?.offset ?? next);
    expect(stands).toEqual(mins.map((min, partition) => Math.max(min, this.acknowledged[partition] ?? 0)));
    for (const [partition, before] of this.stood.entries()) expect(stands[partition]).toBeGreaterThanOrEqual(before);
    this.stood = stands;
  }

  /** Whoever goes on pulling and acknowledging gets everything that is there. */
  async drain(): Promise<void> {
    for (let pulls = 0; (await this.pull(this.#first, 7)) > 0; pulls += 1) {
      expect(pulls).toBeLessThan(500);
      expect(await this.acknowledge(this.#first, this.answers.at(-1) ?? [], false)).toBe(200);
    }
    for (const [partition, { next }] of this.logs.entries())
      for (let offset = 0; offset < next; offset += 1) {
        const id = `${partition}-${offset}`;
        expect([id, this.delivered.has(id) || this.lost.has(id)]).toEqual([id, true]);
      }
  }
}

test('any order of pulls, acknowledgements, growth and retention delivers everything, and moves no partition backwards or too far', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 8 }),
      async (partitions, exclusiveWindows, rounds) => {
        const config = { ensemble: { exclusiveWindows } };
        const first = await startWithMapped(partitions, config);
        const { store, backend } = first;
        const second = mapped(await startApi(config, { store, backend, partitionCountAgeMs: 0 }));
        const model = new Model([first, second]);
        for (const round of rounds) {
          await Promise.all(round.map((each) => model.take(each)));
          await model.check();
        }
        for (const each of model.nodes) each.clock.now += 11_000;
        await model.drain();
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);
