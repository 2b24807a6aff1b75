/**
 * Copies of data against the brokers there are: no topic can have more replicas than workers, and none whose replicas are fewer than
 * must be in sync takes a write with acks=all. What is derived where a person sets nothing: services/kafka/settings.ts.
 */
import { activeOrdinals, type EnvironmentDraft, type SayFault } from './draft.ts';

export function checkReplicas({ tolerate, workers, kafka }: EnvironmentDraft, fault: SayFault): void {
  const count = workers === undefined ? undefined : activeOrdinals(workers)?.length;
  if (count === undefined) return;
  if (count < 1) {
    const next = 'three, with tolerate: 1, are the platform’s default';
    fault(['workers', workers?.ids === undefined ? 'count' : 'ids'], 'at least one worker', `${count}`, next);
    return;
  }
  if (tolerate !== undefined && tolerate + 1 > count) {
    const found = `${tolerate + 1} replicas (tolerate ${tolerate} + 1) on ${count} ${count === 1 ? 'worker' : 'workers'}`;
    fault(['tolerate'], 'no more replicas than workers', found, `write tolerate: ${count - 1} at most, or add workers`);
  }
  const settings = kafka?.settings ?? {};
  for (const name of factors) {
    const set = Number(settings[name] ?? 0);
    if (set > count) {
      const next = `write ${count} at most, or add workers`;
      fault(['kafka', 'settings', name], `no more replicas than workers (${count})`, `${set}`, next);
    }
  }
  if (tolerate === undefined) return;
  const internal = Math.min(3, count);
  checkInSync(settings, fault, {
    factor: 'default.replication.factor',
    inSync: 'min.insync.replicas',
    derived: { factor: tolerate + 1, inSync: 1 },
  });
  checkInSync(settings, fault, {
    factor: 'transaction.state.log.replication.factor',
    inSync: 'transaction.state.log.min.isr',
    derived: { factor: internal, inSync: Math.max(1, internal - tolerate) },
  });
}

const factors = [
  'default.replication.factor',
  'offsets.topic.replication.factor',
  'transaction.state.log.replication.factor',
];

interface Pair {
  /** The setting that counts replicas, and the one that says how many must be in sync. */
  readonly factor: string;
  readonly inSync: string;
  readonly derived: { readonly factor: number; readonly inSync: number };
}

function checkInSync(
  settings: Readonly<Partial<Record<string, string>>>,
  fault: SayFault,
  { factor, inSync, derived }: Pair,
): void {
  const replicas = Number(settings[factor] ?? derived.factor);
  const least = Number(settings[inSync] ?? derived.inSync);
  if (least <= replicas) return;
  const said = `${least} in sync of ${replicas} replicas`;
  if (settings[inSync] === undefined) {
    const expected = `no fewer replicas than must be in sync (${inSync}: ${least})`;
    fault(['kafka', 'settings', factor], expected, `${replicas}`, `write ${least} at least, or set ${inSync} too`);
  } else {
    const next = `write ${replicas} at most, or raise ${factor}`;
    fault(['kafka', 'settings', inSync], `no more than the replicas that there are (${factor})`, said, next);
  }
}
