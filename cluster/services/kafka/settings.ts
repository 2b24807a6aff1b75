/**
 * Kafka's settings: what a person may set, what the model owns, and what follows from the cluster's shape and machines.
 * Known names and types are Kafka's own definitions (broker-settings.facts.json, made from the jars by artifacts/describe).
 */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import { heapSpec, jvmFlagsSpec, productionJvmFlags } from '../jvm.ts';
import type { Sizing } from '../service.ts';
import { type KnownSetting, type OwnedSettings, userSettings } from '../user-settings.ts';
import facts from './broker-settings.facts.json' with { type: 'json' };

export const listeners: readonly Listener[] = [
  // The messaging API finds brokers by the first plain listener's address in ZooKeeper and speaks neither TLS nor SASL to them.
  {
    name: 'plaintext',
    port: 9092,
    transport: 'plaintext',
    authentication: 'none',
    from: ['worker', 'api', 'operators'],
  },
  {
    name: 'tls',
    port: 9093,
    transport: 'tls',
    authentication: 'mutual-tls',
    from: ['worker', 'operators', 'applier'],
  },
];

const identity = 'it is the node’s own number, and a broker that starts under another one loses its replicas';
const listener = 'listeners, their certificates and addresses come from the model';
const quorum = 'it follows from the masters';
const kraft = 'this platform runs Kafka on ZooKeeper (docs/decisions/0003)';

export const owned: OwnedSettings = {
  'broker.id': identity,
  'broker.id.generation.enable': identity,
  'reserved.broker.max.id': identity,
  'broker.rack': 'it is the node’s zone',
  listeners: listener,
  'advertised.listeners': listener,
  'control.plane.listener.name': listener,
  'listener.security.protocol.map': listener,
  'inter.broker.listener.name': listener,
  'security.inter.broker.protocol': listener,
  'ssl.*': listener,
  'sasl.*': 'passwords (SCRAM) are not offered yet; the model keeps the place for them',
  'log.dir': 'it is the node’s volumes',
  'log.dirs': 'it is the node’s volumes',
  'metadata.log.dir': kraft,
  'zookeeper.connect': quorum,
  'zookeeper.ssl.*': 'the quorum’s client listener is plain inside the private network',
  'zookeeper.clientCnxnSocket': quorum,
  'process.roles': kraft,
  'node.id': kraft,
  'controller.*': kraft,
  'early.start.listeners': kraft,
};

type Fact = (typeof facts.settings)[number];

/** Kafka writes ranges as `[1,...]` and `[0,...,17]`, choices as `[a, b]`: those forms are read, the rest is Kafka's to check. */
function knownSetting({ name, type, valid, default: fallback }: Fact): KnownSetting {
  const base = { name, type: type as KnownSetting['type'], ...(fallback === null ? {} : { default: fallback }) };
  const range = /^\[(-?[\d.]+),\.\.\.(?:,(-?[\d.]+))?\]$/.exec(valid ?? '');
  if (range !== null) {
    const [, minimum, maximum] = range;
    return { ...base, minimum: Number(minimum), ...(maximum === undefined ? {} : { maximum: Number(maximum) }) };
  }
  const choices = type === 'string' ? /^\[([\w.-]+(?:, [\w.-]+)*)\]$/.exec(valid ?? '')?.[1]?.split(', ') : undefined;
  // Protocol versions are listed to the last step (3.9-IV0), and accepted in short (3.9).
  return choices === undefined || choices.some((choice) => choice.includes('-IV'))
    ? base
    : { ...base, values: choices };
}

export const knownSettings: ReadonlyMap<string, KnownSetting> = new Map(
  facts.settings.map((fact) => [fact.name, knownSetting(fact)]),
);

/** How a broker takes another value of each setting: read at its start, or changed while it runs. `default` is null where there is none. */
export const updateModes: ReadonlyMap<
  string,
  { readonly type: string; readonly mode: string; readonly default: string | null }
> = new Map(
  facts.settings.map((fact) => [fact.name, { type: fact.type, mode: fact.updateMode, default: fact.default }]),
);

export interface KafkaSettings {
  readonly heapMiB: number;
  readonly jvmFlags: readonly string[];
  /** default.replication.factor */
  readonly replicas: number;
  /** min.insync.replicas */
  readonly minInsyncReplicas: number;
  /** Replicas of Kafka's own topics (offsets, transactions). */
  readonly internalReplicas: number;
  readonly internalMinInsyncReplicas: number;
  /** num.recovery.threads.per.data.dir */
  readonly recoveryThreads: number;
  /** From a profile; Kafka's default (50) where absent. */
  readonly internalTopicPartitions: number | undefined;
  /** From a profile; Kafka's default (3,000 ms) where absent. */
  readonly initialRebalanceDelayMs: number | undefined;
  /** A person's own settings, by Kafka's names. */
  readonly user: Readonly<Record<string, string>>;
}

export const spec = z.strictObject({ settings: userSettings('Kafka 3.9', knownSettings, owned) }).prefault({});

export const profile = z.strictObject({
  // The log cleaner alone reserves 128 MiB (log.cleaner.dedupe.buffer.size); with 192 a broker was seen to end while it started.
  heapMiB: heapSpec.min(256, { error: 'a heap of at least 256 MiB, since the log cleaner alone takes 128' }).optional(),
  jvmFlags: jvmFlagsSpec.optional(),
  internalTopicPartitions: z.int().min(1).optional(),
  initialRebalanceDelayMs: z.int().min(0).optional(),
});

export function derive(
  { settings }: z.output<typeof spec>,
  changes: z.output<typeof profile> | undefined,
  { tolerate, replicas, memoryMiB, cpus, nodes }: Sizing,
): KafkaSettings {
  const internalReplicas = Math.min(3, nodes);
  return {
    // 6 GiB is the reference size of Kafka's operations guide; half of a smaller machine leaves the other half to the page cache.
    heapMiB: changes?.heapMiB ?? Math.min(6144, Math.floor(memoryMiB / 2)),
    jvmFlags: changes?.jvmFlags ?? productionJvmFlags,
    replicas,
    // f + 1 replicas less f: writing with acks=all goes on while f brokers are gone. A topic that needs more says so in its manifest.
    minInsyncReplicas: Math.max(1, replicas - tolerate),
    internalReplicas,
    internalMinInsyncReplicas: Math.max(1, internalReplicas - tolerate),
    recoveryThreads: cpus,
    internalTopicPartitions: changes?.internalTopicPartitions,
    initialRebalanceDelayMs: changes?.initialRebalanceDelayMs,
    user: settings,
  };
}
