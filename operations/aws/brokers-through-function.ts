/**
 * Brokers in private subnets, as a roll asks them: each question is one call of the function that stands among them (programs/topics-applier). It has its own
 * certificate and reaches every broker's TLS listener; nothing on a node is asked, since a node could answer for the others only with rights of its own.
 */
import { EnsembleError } from '../../contracts/error.ts';
import type { Applier, Asked } from '../applier.ts';
import type { BrokerControl, Wholeness } from '../wholeness.ts';

/** Also between brokers that are being restarted: who does not answer the function is an answer; that the function cannot be asked is none. */
export function brokersThrough(applier: Pick<Applier, 'ask'>): Pick<Wholeness, 'brokers'> {
  return {
    async brokers(also) {
      try {
        return await applier.ask({ action: 'brokers', also: also ?? null });
      } catch (error) {
        if (error instanceof EnsembleError && isBrokersSilence(error)) return undefined;
        throw error;
      }
    },
  };
}

/** What the wire to brokers throws within the function; faults of AWS, of the function and of its answer are others. */
function isBrokersSilence({ code }: EnsembleError): boolean {
  return code.startsWith('CLIENT_') && !code.startsWith('CLIENT_AWS_');
}

export function brokerControlThrough(applier: Pick<Applier, 'ask'>): BrokerControl {
  return {
    settings: async (broker) => (await applier.ask({ action: 'broker-settings', broker })).entries,
    async alter(broker, changes, { trying }) {
      const { refused } = await applier.ask({
        action: 'broker-alter',
        broker,
        changes: changes.map(changeOf),
        trying,
      });
      return refused ?? undefined;
    },
    async electPreferred(partitions) {
      const asked = partitions.map(({ topic, partition }) => ({ topic, partition }));
      await applier.ask({ action: 'leaders-elect', partitions: asked });
    },
    topicsWithoutSpare: async () => (await applier.ask({ action: 'topics-without-spare' })).topics,
  };
}

type SentChange = Asked<'broker-alter'>['changes'][number];

/** Throws a TypeError for what a roll never does: lists are set as a whole, so that a repeated call does what it did. */
function changeOf({ name, operation, value }: Parameters<BrokerControl['alter']>[1][number]): SentChange {
  if (operation === 'delete') return { name, operation };
  if (operation !== 'set' || value === undefined) throw new TypeError(`${operation} of ${name} may not be sent twice`);
  return { name, operation, value };
}
