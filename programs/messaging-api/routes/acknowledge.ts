/** Acknowledging (reference, section 3): cumulative in each partition, and all of a request or nothing. */
import { cursorAfterAck } from '../cursor.ts';
import { internal, invalid, invalidArguments } from '../errors.ts';
import { fields, readBody, texts, whole } from '../lenient-json.ts';
import type { Call, Service } from '../service.ts';
import { cursorAt, withCursors } from '../standing.ts';
import { subscriptionOf } from './find.ts';
import { moving } from './move.ts';

export const ackShape = fields({ ackIds: texts() });
export const deadlineShape = fields({ ackDeadlineSeconds: whole() });

/** `projects/P/subscriptions/S:5`, or with the partition of a mapped topic `…:2-5`. */
const ackId = /^projects\/([^/]+)\/subscriptions\/([^/:]+):(?:(\d{1,9})-(?=\d))?(-?\d{1,19})$/;
const int64 = 2n ** 63n;
const partitionsAtMost = 1_000_000;

export async function acknowledge(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  const { ackIds } = readBody(ackShape, call.body, invalid('Invalid ack parameter'));
  const mapped = new Map<number, bigint>();
  let ordinary: bigint | undefined;
  for (const id of ackIds) {
    const [, project, name, partitionText, digits] = ackId.exec(id) ?? [];
    const offset = digits === undefined ? int64 : BigInt(digits);
    if (project !== call.params.project || name !== subscription.name || offset >= int64 || offset < -int64)
      throw invalid('Invalid ack id');
    if (partitionText === undefined) ordinary = offset > (ordinary ?? -1n) ? offset : (ordinary ?? -1n);
    else {
      const partition = Number(partitionText);
      if (partition > partitionsAtMost) throw invalid('Invalid ack id');
      mapped.set(partition, offset > (mapped.get(partition) ?? -1n) ? offset : (mapped.get(partition) ?? -1n));
    }
  }
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

export async function modifyAckDeadline(service: Service, call: Call): Promise<undefined> {
  const { project_uuid, name } = await subscriptionOf(service, call);
  const what = 'ackDeadlineSeconds(needs value between 0 and 600)';
  const { ackDeadlineSeconds: ack } = readBody(deadlineShape, call.body, invalidArguments(what));
  if (ack < 0 || ack > 600) throw invalidArguments(what);
  await service.store.subscriptions.change({ project_uuid, name }, { set: { ack } });
  return undefined;
}
