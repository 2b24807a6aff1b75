/**
 * Journal to sink, in batches. The cursor is noted only once a batch was taken, so that whatever ends this program, and whenever, loses nothing: what was
 * taken and not noted is sent twice. While the sink takes nothing, one batch waits here and the rest where it is safe, in the journal.
 */
import { eventBytes, type LogEvent, newBatch } from './batch.ts';
import type { CursorFile } from './cursor.ts';
import { entryTexts, type JournalEntry } from './entry.ts';
import { isRefused, type Sink } from './sink.ts';

export interface ShipOptions {
  readonly sink: Pick<Sink, 'putLogs'>;
  readonly cursor: CursorFile;
  /** The journal after a cursor, from its beginning where there is none. Ends when the signal says so, and throws when it ends otherwise. */
  read(after: string | undefined): AsyncIterator<JournalEntry, void>;
  /** Fulfilled after so long, and at once when the signal says so. */
  pause(ms: number): Promise<void>;
  /** A line for a person. It stands in the journal and is sent with it: a fault is told once, not with each try. */
  tell(line: string): void;
  readonly lingerMs: number;
  /** The last batch is tried once more, then all ends. */
  readonly signal: AbortSignal;
}

/** Between tries; each waits up to twice as long as the one before. */
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;

/** Until the signal. */
export async function ship(options: ShipOptions): Promise<void> {
  const { cursor, read, pause, tell, signal } = options;
  let fault = '';
  let failures = 0;
  let noted = true;
  let reached = await cursor.load();
  const delivered = async (after: string | undefined) => {
    fault = '';
    failures = 0;
    if (after === undefined) return;
    reached = after;
    try {
      await cursor.save(after);
      noted = true;
    } catch (error) {
      // A disk that is full must not stop the journal that says so; a restart sends some of it again.
      if (noted) tell(`how far the journal has come is not noted: ${messageOf(error)}`);
      noted = false;
    }
  };
  while (!signal.aborted) {
    const entries = read(reached);
    try {
      await shipFrom(entries, options, delivered);
    } catch (error) {
      if (signal.aborted) return;
      const why = messageOf(error);
      if (why !== fault) tell(`reads the journal again in a while: ${why}`);
      fault = why;
      await pause(backOffMs(failures++));
    } finally {
      await entries.return?.();
    }
  }
}

/** An entry, the end of the journal, or what its reading failed of. */
type Arrival = IteratorResult<JournalEntry, void> | { readonly fault: unknown };

/** An event, with the cursor of its entry where it is the last part of it. */
interface Part {
  readonly event: LogEvent;
  readonly cursor?: string;
}

async function shipFrom(
  entries: AsyncIterator<JournalEntry, void>,
  options: ShipOptions,
  delivered: (cursor: string | undefined) => Promise<void>,
): Promise<void> {
  /** What did not fit into the batch before. */
  let parts: readonly Part[] = [];
  let next: Promise<Arrival> | undefined;
  /** One timer at a time: a batch that begins while the one of before still runs is sent a little sooner. */
  let late: Promise<'late'> | undefined;
  let end: Arrival | undefined;
  while (end === undefined) {
    const batch = newBatch();
    for (;;) {
      const rest = parts.findIndex(({ event, cursor }) => !batch.add(event, cursor));
      parts = rest === -1 ? [] : parts.slice(rest);
      if (parts.length > 0) break;
      // A reading that fails takes nothing along of what was read before it, or it might never get past the place where it fails.
      next ??= entries.next().catch((fault: unknown) => ({ fault }));
      if (!batch.isEmpty) late ??= options.pause(options.lingerMs).then(() => 'late' as const);
      const arrived = await (batch.isEmpty || late === undefined ? next : Promise.race([next, late]));
      if (arrived === 'late') {
        late = undefined;
        break;
      }
      next = undefined;
      if ('fault' in arrived || arrived.done === true) {
        end = arrived;
        break;
      }
      parts = partsOf(arrived.value);
    }
    if (batch.isEmpty) continue;
    await deliver(batch.events(), options);
    await delivered(batch.cursor);
  }
  if ('fault' in end) throw end.fault;
}

function partsOf(entry: JournalEntry): readonly Part[] {
  const texts = entryTexts(entry, eventBytes);
  return texts.map((text, index) => ({
    event: { atMs: entry.atMs, text },
    ...(index === texts.length - 1 ? { cursor: entry.cursor } : {}),
  }));
}

/** Throws the sink's fault when the signal comes before the sink has taken them. */
async function deliver(events: readonly LogEvent[], options: ShipOptions): Promise<void> {
  const { sink, pause, tell, signal } = options;
  let fault = '';
  for (let tries = 0; ; tries++) {
    try {
      const { taken, thrownAway, refused, why } = await putSome(events, sink, { calls: mostCalls });
      // Where not one is taken, it need not be the events that are at fault.
      if (taken === 0 && tries < refusals) throw new Error(why);
      if (refused > 0) tell(`left out ${refused} log events: ${why}`);
      if (thrownAway > 0)
        tell(`${thrownAway} log events were too old or too new to be kept, and are in this node’s journal alone`);
      if (fault !== '') tell('log events are taken again');
      return;
    } catch (error) {
      const why = messageOf(error);
      if (why !== fault) tell(`log events are not taken, and wait in the journal: ${why}`);
      fault = why;
      if (signal.aborted) throw error;
      await pause(backOffMs(tries));
    }
  }
}

/** Tries of a batch of which nothing is taken, before it is left out. */
const refusals = 5;
/** Calls for one batch: enough to find a few events that are at fault among ten thousand. */
const mostCalls = 64;

interface Put {
  readonly taken: number;
  readonly thrownAway: number;
  readonly refused: number;
  readonly why: string;
}

/** A batch that is refused for one of its events must not hold up all that come after it: it is halved until that event stands alone. */
async function putSome(events: readonly LogEvent[], sink: ShipOptions['sink'], left: { calls: number }): Promise<Put> {
  left.calls--;
  try {
    return { taken: events.length, thrownAway: await sink.putLogs(events), refused: 0, why: '' };
  } catch (error) {
    if (!isRefused(error)) throw error;
    const none = { taken: 0, thrownAway: 0, refused: events.length, why: error.message };
    if (events.length === 1 || left.calls < 2) return none;
    const middle = Math.ceil(events.length / 2);
    const one = await putSome(events.slice(0, middle), sink, left);
    const other = await putSome(events.slice(middle), sink, left);
    return {
      taken: one.taken + other.taken,
      thrownAway: one.thrownAway + other.thrownAway,
      refused: one.refused + other.refused,
      why: one.why || other.why,
    };
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** With some chance in it, so that a thousand nodes do not come back at once. */
function backOffMs(tries: number): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(tries, 10));
  return most / 2 + (Math.random() * most) / 2;
}
