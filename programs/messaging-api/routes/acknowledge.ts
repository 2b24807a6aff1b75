/** Acknowledging (reference, section 3): cumulative in each partition, and all of a request or nothing. */
import { cursorAfterAck, inTime } from '../cursor.ts';
import { internal, invalid, invalidArguments, Refusal } from '../errors.ts';
import { LastValues } from '../last-values.ts';
import { fields, readBody, texts, whole } from '../lenient-json.ts';
import type { Call, Service } from '../service.ts';
import { cursorAt, withCursors } from '../standing.ts';
import { projectOf, subscriptionOf } from './find.ts';
import { moving } from './move.ts';

export const ackShape = fields({ ackIds: texts() });
export const deadlineShape = fields({ ackDeadlineSeconds: whole() });

/** `projects/P/subscriptions/S:5`, or with the partition of a mapped topic `…:2-5`. */
const ackId = /^projects\/([^/]+)\/subscriptions\/([^/:]+):(?:(\d{1,9})-(?=\d))?(-?\d{1,19})$/;
const int64 = 2n ** 63n;
const partitionsAtMost = 1_000_000;

interface Acknowledged {
  /** One greatest offset for each partition that is named. */
  readonly mapped: ReadonlyMap<number, bigint>;
  /** Of the ids without a partition. */
  readonly ordinary: bigint | undefined;
}

export async function acknowledge(service: Service, call: Call): Promise<object> {
  const asked = readAcknowledged(call);
  if (!(asked instanceof Refusal) && (await acknowledgedAtOnce(service, call, asked))) return {};
  const subscription = await subscriptionOf(service, call);
  if (asked instanceof Refusal) throw asked;
  const { mapped, ordinary } = asked;
  deadlines.set(keyOf(subscription), subscription.ack);
  const isMapped = mapped.size > 0;
  const isOfPartitions = subscription.partitions !== undefined && subscription.next_offset === 0;
  // Ids of two forms, or of the form that this subscription never handed out.
  if (isMapped ? ordinary !== undefined || subscription.partitions === undefined : isOfPartitions)
    throw invalid('Invalid ack id');
  const greatest = isMapped ? mapped : new Map([[0, ordinary ?? -1n]]);
  if ([...greatest.values()].some((offset) => offset < 0n)) throw invalid('Invalid ack id');
  await moving(service, subscription, isMapped, (now, { ack }) => {
    const at = service.now();
    const moved = [...greatest].map(([partition, offset]) => {
      if (!now.cursors.has(partition)) throw internal('no ack pending');
      return [partition, cursorAfterAck(cursorAt(now, partition), Number(offset) + 1, ack, at)] as const;
    });
    return withCursors(now, moved);
  });
  return {};
}

/** A Refusal rather than thrown: whether the subscription is there is told first. */
function readAcknowledged({ body, params }: Call): Acknowledged | Refusal {
  try {
    const { ackIds } = readBody(ackShape, body, invalid('Invalid ack parameter'));
    const mapped = new Map<number, bigint>();
    let ordinary: bigint | undefined;
    for (const id of ackIds) {
      const [, project, name, partitionText, digits] = ackId.exec(id) ?? [];
      const offset = digits === undefined ? int64 : BigInt(digits);
      if (project !== params.project || name !== params.subscription || offset >= int64 || offset < -int64)
        throw invalid('Invalid ack id');
      if (partitionText === undefined) ordinary = offset > (ordinary ?? -1n) ? offset : (ordinary ?? -1n);
      else {
        const partition = Number(partitionText);
        if (partition > partitionsAtMost) throw invalid('Invalid ack id');
        mapped.set(partition, offset > (mapped.get(partition) ?? -1n) ? offset : (mapped.get(partition) ?? -1n));
      }
    }
    return { mapped, ordinary };
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** What subscriptions' deadlines were when they were last read here: a guess, which the store holds against the subscription as it is. */
const deadlines = new LastValues<number>(10_000);
/** Upstream's, of a subscription that was made without one. */
const usualDeadlineSeconds = 10;

/**
 * In an ordinary topic all that cursorAfterAck asks for can be asked of the store in the same step as the move (decision 0027). False, and nothing moved,
 * where any of it is not so: then the subscription is read, and what is wrong is said in the reference's words.
 */
async function acknowledgedAtOnce(
  service: Service,
  call: Call,
  { mapped, ordinary = -1n }: Acknowledged,
): Promise<boolean> {
  const of = { project_uuid: projectOf(call).uuid, name: call.params.subscription ?? '' };
  if (mapped.size > 0 || ordinary < 0n || service.epochOf(of.project_uuid, of.name) !== undefined) return false;
  const off = Number(ordinary) + 1;
  const ack = deadlines.get(keyOf(of)) ?? usualDeadlineSeconds;
  const pending_ack = inTime(ack, service.now());
  return service.store.subscriptions.change(
    { ...of, ack, offset: { below: off }, next_offset: { atLeast: off }, pending_ack },
    { set: { offset: off, next_offset: 0, pending_ack: '' } },
  );
}

function keyOf({ project_uuid, name }: { readonly project_uuid: string; readonly name: string }): string {
  return `${project_uuid}/${name}`;
}

export async function modifyAckDeadline(service: Service, call: Call): Promise<undefined> {
  const { project_uuid, name } = await subscriptionOf(service, call);
  const what = 'ackDeadlineSeconds(needs value between 0 and 600)';
  const { ackDeadlineSeconds: ack } = readBody(deadlineShape, call.body, invalidArguments(what));
  if (ack < 0 || ack > 600) throw invalidArguments(what);
  await service.store.subscriptions.change({ project_uuid, name }, { set: { ack } });
  return undefined;
}
