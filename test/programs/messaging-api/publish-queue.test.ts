/** Publishes that share requests: what goes together, what is divided, and what is refused instead of kept in memory. */
import { beforeEach, expect, test } from 'vitest';
import { MemoryBackend } from '../../../programs/messaging-api/backend/memory-backend.ts';
import { PublishQueue } from '../../../programs/messaging-api/backend/publish-queue.ts';

const place = { topic: 't', partition: 0 };
const other = { topic: 'u', partition: 0 };
const record = (bytes: number, fill = 0) => ({ value: Buffer.alloc(bytes, fill) });
const busy = { name: 'Refusal', code: 503 };

let backend: MemoryBackend;
/** Lets the publishes that are held go on, and holds none from then on. */
let release: () => void;

beforeEach(() => {
  backend = new MemoryBackend();
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  backend.gate = () => held;
});

test('what comes while a request is under way shares the next one, and each gets its own offsets', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 1_000_000, batchBytes: 1_000_000 });
  const all = Array.from({ length: 10 }, (_each, index) => queue.publish(place, [record(1, index), record(1, index)]));
  release();
  expect((await Promise.all(all)).flat()).toEqual(Array.from({ length: 20 }, (_each, index) => index));
  expect(backend.publishes).toBe(2);
});

test('a request carries no more than it may, and what is more goes out as several in order', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 1_000_000, batchBytes: 1_000 });
  const published = queue.publish(
    place,
    Array.from({ length: 10 }, (_each, index) => record(300, index)),
  );
  release();
  expect(await published).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(backend.publishes).toBe(5); // two records and what the wire adds
  const records = await backend.read(place, 0, { maxRecords: 20, maxBytes: 1_000_000 });
  expect(records.map(({ value }) => value[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('one partition that does not move takes a quarter of the room, and another is served beside it', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 100_000, batchBytes: 1_000 });
  const accepted = Array.from({ length: 3 }, () => queue.publish(place, [record(8_000)]));
  await expect(queue.publish(place, [record(8_000)])).rejects.toMatchObject(busy);
  const beside = queue.publish(other, [record(8_000)]);
  release();
  await expect(Promise.all([...accepted, beside])).resolves.toHaveLength(4);
  expect(await backend.bounds(place)).toEqual({ min: 0, max: 3 }); // nothing of what was refused
});

test('all partitions together take no more than the room, one alone however great it is, and the room is free again afterwards', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 10_000, batchBytes: 1_000_000 });
  const great = queue.publish(place, [record(50_000)]);
  await expect(queue.publish(other, [record(1)])).rejects.toMatchObject(busy);
  release();
  await great;
  for (let round = 0; round < 5; round += 1) await queue.publish(other, [record(9_000)]);
  backend.failure = new Error('gone');
  for (let round = 0; round < 5; round += 1)
    await expect(queue.publish(other, [record(9_000)])).rejects.toThrow('gone');
  backend.failure = undefined;
  expect(await queue.publish(other, [record(9_000)])).toEqual([5]);
});

test('what waited too long for its turn is refused, and was not written', async () => {
  const waitingMs = 30;
  const queue = new PublishQueue(backend, { waitingBytes: 1_000_000, batchBytes: 1_000_000, waitingMs });
  const first = queue.publish(place, [record(1)]);
  const late = queue.publish(place, [record(1)]);
  const since = performance.now();
  while (performance.now() < since + waitingMs + 1) await new Promise((resolve) => setImmediate(resolve));
  release();
  expect(await first).toEqual([0]);
  await expect(late).rejects.toMatchObject(busy);
  expect((await backend.bounds(place)).max).toBe(1);
  expect(await queue.publish(place, [record(1)])).toEqual([1]);
});

test('a request that fails fails for those who shared it, and for nobody after them', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 1_000_000, batchBytes: 1_000_000 });
  const first = queue.publish(place, [record(1)]);
  const shared = [queue.publish(place, [record(1)]), queue.publish(place, [record(1)])];
  backend.failure = new Error('gone');
  release();
  const settled = await Promise.allSettled([first, ...shared]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  backend.failure = undefined;
  expect(await queue.publish(place, [record(1)])).toEqual([0]);
});

test('no records are no request', async () => {
  const queue = new PublishQueue(backend, { waitingBytes: 1_000, batchBytes: 1_000 });
  expect(await queue.publish(place, [])).toEqual([]);
  expect(backend.publishes).toBe(0);
});
