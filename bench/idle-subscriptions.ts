/**
 * What 10,000 subscriptions cost that nobody pulls from: memory and CPU of an API node at rest, and while one user pulls each in turn, against the same node with one
 * subscription, turn by turn. The metadata store is the stand-in.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectMongo } from '../clients/mongo/connection.ts';
import type { StatusReport } from '../operations/status.ts';
import { type ApiClient, apiClient, sustain } from './api-load.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { benchPlatform } from './platform.ts';

const rounds = 3;
const subscriptions = 10_000;
const restMs = 5_000;
const pullMs = 10_000;
const ticksPerSecond = 100;
const storeOf = '127.0.25.41:27017';

const many = `${subscriptions} subscriptions`;
const names = {
  restMany: `at rest, ${many}`,
  restOne: 'at rest, one subscription',
  pullMany: `empty pulls of ${many} in turn`,
  pullOne: 'empty pulls of one subscription',
};

export const idleSubscriptions: Figure = {
  name: 'idle-subscriptions',
  async measure(progress) {
    const [memory, cpu, rates] = [new Samples('MB'), new Samples('%'), new Samples('1/s')];
    const platform = await benchPlatform(25, { api: true });
    try {
      const up: unknown = JSON.parse(await platform.ensemble(['up', '--no-messages', '--json']));
      const { entrance } = up as { entrance: { url: string; authorityFile: string } };
      const token = (await platform.ensemble(['token'])).trim();
      const authorityPem = await readFile(entrance.authorityFile, 'utf8');
      const client = apiClient({ url: entrance.url, authorityPem, token, connections: 1 });
      const status = JSON.parse(await platform.ensemble(['status', '--json'])) as StatusReport;
      const pid = status.services.find(({ service }) => service === 'messaging-api')?.pid ?? 0;
      const store = await connectMongo({ storeHost: storeOf, database: 'argo_msg', warn: () => {} });
      try {
        await client.post('/projects/idle', { description: '' });
        await client.put('/projects/idle/topics/T', {});
        await client.put('/projects/idle/subscriptions/S', { topic: 'projects/idle/topics/T' });
        const kept = store.database.collection('subscriptions');
        const one = await kept.findOne({ name: 'S' });
        const copies = Array.from({ length: subscriptions - 1 }, (_, index) => {
          const { _id, ...fields } = one ?? {};
          return { ...fields, name: `S${index}` };
        });
        const measured = async (name: string, act: () => Promise<number | undefined>) => {
          const before = await processOf(pid);
          const began = performance.now();
          const perSecond = await act();
          const after = await processOf(pid);
          cpu.add(`${name}: CPU`, ((after.cpuMs - before.cpuMs) / (performance.now() - began)) * 100);
          memory.add(`${name}: resident`, after.residentMB);
          if (perSecond !== undefined) rates.add(`${name}: pulls`, perSecond);
        };
        for (let round = 0; round <= rounds; round += 1) {
          const isWarmUp = round === 0;
          if (isWarmUp) {
            await pulls(client, () => 'S');
            continue;
          }
          await measured(names.restOne, () => sleep(restMs, undefined));
          await measured(names.pullOne, () => pulls(client, () => 'S'));
          for (let from = 0; from < copies.length; from += 1_000)
            await kept.insertMany(copies.slice(from, from + 1_000).map((each) => ({ ...each })));
          await measured(names.restMany, () => sleep(restMs, undefined));
          await measured(names.pullMany, () => pulls(client, (turn) => `S${turn % copies.length}`));
          await kept.deleteMany({ name: { $ne: 'S' } });
          progress(`round ${round} of ${rounds}`);
        }
      } finally {
        client.close();
        await store.close();
      }
    } finally {
      await platform.dispose();
    }
    const resident = (name: string) => memory.get(`${name}: resident`);
    const rate = (name: string) => rates.get(`${name}: pulls`);
    return {
      figure: 'idle-subscriptions',
      about: `One of two API nodes with ${many} that have nothing to deliver, and with one.`,
      samples: [...memory.all(), ...cpu.all(), ...rates.all()],
      comparisons: [
        compare(`resident at rest: ${many} / one`, resident(names.restMany), resident(names.restOne), 1.2),
        compare(`pulls a second: ${many} in turn / one`, rate(names.pullMany), rate(names.pullOne)),
      ],
      notes: [
        'CPU is of one core; the node at rest answers the balancer’s checks, which ask Kafka and the store.',
        'An empty pull reads the subscription and asks Kafka for the log’s start and end. One connection, one pull after another, through HAProxy.',
      ],
    };
  },
};

async function pulls(client: ApiClient, nameOf: (turn: number) => string): Promise<number> {
  let turn = 0;
  const { perSecond } = await sustain({ workers: 1, messages: 1, forMs: pullMs }, () =>
    client.post(`/projects/idle/subscriptions/${nameOf(turn++)}:pull`, { maxMessages: '1', returnImmediately: 'true' }),
  );
  return perSecond;
}

async function processOf(pid: number): Promise<{ cpuMs: number; residentMB: number }> {
  const [status, stat] = await Promise.all(['status', 'stat'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')));
  // Behind the name, which may hold anything: user and system time are the 12th and 13th fields (proc(5): 14 and 15 of all).
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const residentMB = (Number(/^VmRSS:\s+(\d+) kB/m.exec(status ?? '')?.[1]) * 1_024) / 1e6;
  return { cpuMs: (ticks * 1_000) / ticksPerSecond, residentMB };
}
