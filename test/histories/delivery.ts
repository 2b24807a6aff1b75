/**
 * What a messaging service promised one subscription, checked from a history alone: every acknowledged publish delivered at least once, none skipped, and a
 * message again only where its acknowledgement was missing. The history is append-only, in the order in which one observer saw things: a call's begin before
 * it is sent, its end after the answer came. Pure; chaos/ can take it over as it is.
 *
 * Unknown never passes: a call without an answer may have taken effect or not, and a history that does not say that everything was read to the end proves nothing.
 */

export type DeliveryEvent =
  /** An attempt to publish; an id is published by one attempt, unless its client tries again. */
  | { readonly type: 'publish'; readonly ids: readonly string[] }
  /** It was answered with these offsets, one for each id. */
  | { readonly type: 'published'; readonly ids: readonly string[]; readonly offsets: readonly number[] }
  /** No answer, or one that says nothing of the outcome. */
  | { readonly type: 'publish-unknown'; readonly ids: readonly string[]; readonly why: string }
  | { readonly type: 'pull'; readonly call: number }
  | { readonly type: 'pulled'; readonly call: number; readonly messages: readonly DeliveredMessage[] }
  | { readonly type: 'pull-failed'; readonly call: number; readonly why: string }
  /** Of the message at the offset and all before it. */
  | { readonly type: 'acknowledge'; readonly call: number; readonly offset: number }
  | { readonly type: 'acknowledged'; readonly call: number; readonly offset: number }
  /** Refused, or no answer: it may have taken effect. */
  | { readonly type: 'acknowledge-unknown'; readonly call: number; readonly offset: number; readonly why: string }
  /** What a test did to the platform. */
  | { readonly type: 'fault'; readonly what: string }
  /** Publishers have ended, and the subscription was read and acknowledged up to the end of the log, which is here. */
  | { readonly type: 'end'; readonly offset: number };

export interface DeliveredMessage {
  readonly offset: number;
  readonly id: string;
}

export interface DeliveryVerdict {
  readonly valid: true | false | 'unknown';
  /** A sentence each; the first ones of each kind. */
  readonly faults: readonly string[];
  readonly figures: {
    readonly published: number;
    readonly unknownPublishes: number;
    readonly delivered: number;
    /** Deliveries beyond the first of a message, each where its acknowledgement was missing. */
    readonly repeated: number;
    readonly acknowledged: number;
    readonly faultsInjected: number;
  };
}

const told = 5;

/** Throws for a line that is not JSON: a history that was cut off is not judged. */
export function parseHistory(text: string): readonly DeliveryEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as DeliveryEvent);
}

export function checkDelivery(history: readonly DeliveryEvent[]): DeliveryVerdict {
  const faults = new Faults();
  const attempts = new Map<string, number>();
  const offsetOf = new Map<string, number>();
  let unknownPublishes = 0;
  const idAt = new Map<number, string>();
  const deliveredAt = new Map<number, number>();
  /** Of the messages whose publish was answered, by their offsets. */
  const awaited = new Map<number, string>();
  /** The greatest acknowledged offset at the begin of each pull that is under way. */
  const acknowledgedBefore = new Map<number, number>();
  let acknowledged = -1;
  let acknowledgements = 0;
  let injected = 0;
  let end: number | undefined;

  const isAt = (offset: number, id: string, who: string) => {
    const other = idAt.get(offset);
    if (other !== undefined && other !== id)
      faults.add('mixed', `${who} ${id} lies at ${offset}, where ${other} was seen`);
    idAt.set(offset, id);
  };

  for (const event of history) {
    if (end !== undefined) faults.add('late', `something came after the end: ${event.type}`);
    switch (event.type) {
      case 'publish':
        for (const id of event.ids) attempts.set(id, (attempts.get(id) ?? 0) + 1);
        break;
      case 'published':
        if (event.ids.length !== event.offsets.length)
          faults.add('ids', `${event.ids.length} messages were answered with ${event.offsets.length} ids`);
        for (const [index, id] of event.ids.entries()) {
          const offset = event.offsets[index] ?? -1;
          isAt(offset, id, 'published');
          offsetOf.set(id, offset);
          if (!deliveredAt.has(offset)) awaited.set(offset, id);
        }
        break;
      case 'publish-unknown':
        unknownPublishes += event.ids.length;
        break;
      case 'pull':
        acknowledgedBefore.set(event.call, acknowledged);
        break;
      case 'pulled': {
        const before = acknowledgedBefore.get(event.call);
        if (before === undefined) faults.add('begin', `the pull ${event.call} ended without a begin`);
        let last = -1;
        for (const { offset, id } of event.messages) {
          if (offset <= last) faults.add('order', `one pull gave ${offset} after ${last}`);
          last = offset;
          isAt(offset, id, 'delivered');
          if (!attempts.has(id)) faults.add('phantom', `${id} at ${offset} was delivered and never published`);
          if (offset <= (before ?? -1))
            faults.add(
              'again',
              `${id} at ${offset} was delivered by a pull that began after its acknowledgement (up to ${before}) was answered`,
            );
          deliveredAt.set(offset, (deliveredAt.get(offset) ?? 0) + 1);
          awaited.delete(offset);
        }
        break;
      }
      case 'acknowledge':
        // What it covers must have been seen by somebody: a message that nobody acknowledged for having seen it is skipped.
        for (const [offset, id] of awaited)
          if (offset <= event.offset)
            faults.add(
              'skipped',
              `${id} at ${offset} was passed by an acknowledgement up to ${event.offset}, and nobody had been given it`,
            );
        break;
      case 'acknowledged':
        acknowledgements += 1;
        acknowledged = Math.max(acknowledged, event.offset);
        break;
      case 'fault':
        injected += 1;
        break;
      case 'end':
        end = event.offset;
        break;
      case 'pull-failed':
      case 'acknowledge-unknown':
        break;
      default:
        faults.add('foreign', `not an event of a history: ${JSON.stringify(event)}`);
    }
  }

  for (const [id, offset] of offsetOf)
    if (!deliveredAt.has(offset))
      faults.add('lost', `${id} at ${offset} was acknowledged to its publisher and never delivered`);
  const offsetsOfId = new Map<string, Set<number>>();
  for (const [offset, id] of idAt) offsetsOfId.set(id, (offsetsOfId.get(id) ?? new Set()).add(offset));
  for (const [id, offsets] of offsetsOfId)
    if (offsets.size > (attempts.get(id) ?? 1))
      faults.add(
        'doubled',
        `${id} was published ${attempts.get(id) ?? 0} times and lies at ${[...offsets].join(', ')}`,
      );
  if (end !== undefined)
    for (let offset = 0; offset < end; offset += 1)
      if (!deliveredAt.has(offset)) faults.add('gap', `${offset} is in the log and was never delivered`);

  const deliveries = [...deliveredAt.values()].reduce((sum, count) => sum + count, 0);
  const proves = end !== undefined && offsetOf.size > 0 && acknowledgements > 0;
  return {
    valid: faults.list.length > 0 ? false : proves ? true : 'unknown',
    faults: faults.list,
    figures: {
      published: offsetOf.size,
      unknownPublishes,
      delivered: deliveredAt.size,
      repeated: deliveries - deliveredAt.size,
      acknowledged: acknowledgements,
      faultsInjected: injected,
    },
  };
}

/** The first few of each kind. */
class Faults {
  readonly list: string[] = [];
  readonly #counts = new Map<string, number>();

  add(kind: string, sentence: string): void {
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    if (count <= told) this.list.push(`${kind}: ${sentence}`);
  }
}
