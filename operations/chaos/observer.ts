/**
 * Looks at the cluster while it is broken, a few times a second, and writes down what it says of itself whenever that changes: who is registered, who
 * answers, who leads, who is in sync. Asked of each node by itself: what one broker says of another may be of before.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Recorder } from '../../chaos/history.ts';
import type { EventOf } from '../../chaos/history-event.ts';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import { type ClusterMetadata, metadataApi } from '../../clients/kafka/requests/metadata.ts';
import { probeAnswer } from '../../drivers/probe.ts';
import { unitsOf } from '../../drivers/processes/units.ts';
import { nodesRunning } from '../health.ts';
import type { SystemUnderTest } from './system.ts';

export type ObservedState = Omit<EventOf<'state'>, 'at' | 'type'>;

export interface Observer {
  /** The last that was seen; undefined before the first look. */
  latest(): ObservedState | undefined;
  /** Looks no more. */
  close(): Promise<void>;
}

const everyMs = 150;
/** A broker that stands still must not hold up what is said of the others for long. */
const answerMs = 700;

export function startObserver(
  system: Pick<SystemUnderTest, 'environment' | 'addressing' | 'bootstrap'>,
  topic: string,
  recorder: Recorder,
): Observer {
  const stopping = new AbortController();
  let latest: ObservedState | undefined;
  let said = '';
  const looking = look();

  async function look(): Promise<void> {
    const { groups } = system.environment.cluster;
    const brokers = nodesRunning(groups, 'kafka').map(({ id, ordinal }) => ({ node: id, broker: ordinal }));
    // Brokers are asked for more than whether they answer.
    const probes = nodeProbes(system).filter(({ node }) => brokers.every((broker) => broker.node !== node));
    let connection: KafkaConnection | undefined;
    while (!stopping.signal.aborted) {
      connection ??= await connect({
        bootstrap: system.bootstrap,
        clientId: 'ensemble-chaos-observer',
        connectionTimeoutMs: answerMs,
        requestTimeoutMs: answerMs,
      }).catch(() => undefined);
      const [answers, others] = await Promise.all([
        Promise.all(brokers.map(async ({ node, broker }) => ({ node, broker, said: await ask(connection, broker) }))),
        Promise.all(probes.map(async ({ node, answers: answering }) => ((await answering()) ? [node] : []))),
      ]);
      if (stopping.signal.aborted) break;
      const heard = answers.flatMap(({ broker, said: metadata }) =>
        metadata === undefined ? [] : [{ broker, metadata }],
      );
      const answering = answers.flatMap(({ node, said: metadata }) => (metadata === undefined ? [] : [node]));
      const state = stateOf(heard, [...answering, ...others.flat()].sort(), topic);
      const text = JSON.stringify(state);
      latest = state;
      if (text !== said) recorder.record({ type: 'state', ...state });
      said = text;
      await delay(everyMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
    await connection?.close();
  }

  async function ask(connection: KafkaConnection | undefined, to: number): Promise<ClusterMetadata | undefined> {
    return await connection?.send(metadataApi, { topics: [topic] }, { to, timeoutMs: answerMs }).catch(() => undefined);
  }

  return {
    latest: () => latest,
    async close() {
      stopping.abort();
      await looking;
    },
  };
}

/** Every node, by the probe of its first service, with the time that an observer gives it. */
export function nodeProbes({ environment, addressing }: Pick<SystemUnderTest, 'environment' | 'addressing'>) {
  const seen = new Set<string>();
  return [...unitsOf(environment.cluster, addressing).values()].flatMap(({ ref, node, rendered }) => {
    if (seen.has(ref.node)) return [];
    seen.add(ref.node);
    const { probe } = rendered.process;
    const port = addressing.port(node, ref.service, probe.listener);
    const patience = () => delay(answerMs, undefined, { ref: false });
    const answers = async () =>
      (await Promise.race([probeAnswer(probe, addressing.host(node), port), patience()])) !== undefined;
    return [{ node: ref.node, answers }];
  });
}

/** The controller's view where the one who claims to be it answers; else the view that most of the others share the brokers of. */
function stateOf(
  heard: readonly { readonly broker: number; readonly metadata: ClusterMetadata }[],
  answering: readonly string[],
  topic: string,
): ObservedState {
  const claims = heard.filter(({ broker, metadata }) => metadata.controllerId === broker);
  const [best] = [...(claims.length > 0 ? claims : heard)].sort((a, b) => votes(b, heard) - votes(a, heard));
  const partitions = best?.metadata.topics.find((each) => each.topic === topic)?.partitions ?? [];
  return {
    ...(best?.metadata.controllerId === undefined ? {} : { controller: best.metadata.controllerId }),
    registered: best?.metadata.brokers.map(({ id }) => id) ?? [],
    answering,
    partitions: partitions.map(({ partition, leader, replicas, inSync }) => ({
      partition,
      ...(leader === undefined ? {} : { leader }),
      replicas: [...replicas],
      inSync: [...inSync].sort((a, b) => a - b),
    })),
  };
}

/** How many name the same controller: one that was cut off, or stood still, is alone with its own. */
function votes(
  { metadata }: { readonly metadata: ClusterMetadata },
  heard: readonly { readonly metadata: ClusterMetadata }[],
): number {
  return heard.filter((each) => each.metadata.controllerId === metadata.controllerId).length;
}
