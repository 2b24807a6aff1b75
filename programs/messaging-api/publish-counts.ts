/**
 * How much was published, gathered in this node and written to the store once a second, so that no publish waits for a count (decision 0027). A node
 * that is killed loses at most that second of counts, never a message. Figures of a topic are upstream's (reference, section 7).
 */
import type { TopicDocument } from '../../contracts/messaging-documents.ts';
import { LastValues } from './last-values.ts';
import type { Store } from './store/store.ts';

export interface PublishEvent {
  readonly messages: number;
  /** Of `data` as it was sent. */
  readonly bytes: number;
  readonly at: Date;
}

export interface PublishCountsOptions {
  readonly warn: (words: string, error?: unknown) => void;
  /** How long counts are gathered. Default 1 000. */
  readonly everyMs?: number;
}

type CountedTopic = Pick<TopicDocument, 'project_uuid' | 'name' | 'latest_publish'>;

interface Gathered {
  readonly project_uuid: string;
  readonly name: string;
  messages: number;
  bytes: number;
  latest: Date;
  rate: number;
  /** Messages by midnight (UTC, ms). */
  readonly days: Map<number, number>;
}

/** Writes at a time, so that requests find room between them. */
const atOnce = 8;
const dayMs = 86_400_000;
/** Times of last publishes that are kept for the rate of the next. */
const keptLatest = 10_000;

export class PublishCounts {
  readonly #store: Pick<Store, 'topics' | 'dailyCounts'>;
  readonly #warn: PublishCountsOptions['warn'];
  readonly #everyMs: number;
  readonly #latest = new LastValues<Date>(keptLatest);
  #gathered = new Map<string, Gathered>();
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Pick<Store, 'topics' | 'dailyCounts'>, { warn, everyMs = 1_000 }: PublishCountsOptions) {
    this.#store = store;
    this.#warn = warn;
    this.#everyMs = everyMs;
  }

  /** Counts a publish that the back-end has. */
  note({ project_uuid, name, latest_publish }: CountedTopic, { messages, bytes, at }: PublishEvent): void {
    const key = `${project_uuid}/${name}`;
    const before = this.#latest.get(key) ?? latest_publish;
    const day = Math.floor(at.getTime() / dayMs) * dayMs;
    this.#add(key, {
      project_uuid,
      name,
      messages,
      bytes,
      latest: at,
      rate: rate(messages, before, at),
      days: new Map([[day, messages]]),
    });
    this.#latest.set(key, at);
    this.#writeSoon();
  }

  /** Settles when all that was noted before is in the store. Never throws: what could not be written is told, and tried again with the next. */
  async flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    await this.#writing;
  }

  #add(key: string, more: Gathered): void {
    const known = this.#gathered.get(key);
    if (known === undefined) {
      this.#gathered.set(key, more);
      return;
    }
    known.messages += more.messages;
    known.bytes += more.bytes;
    for (const [day, messages] of more.days) known.days.set(day, (known.days.get(day) ?? 0) + messages);
    if (more.latest < known.latest) return;
    known.latest = more.latest;
    known.rate = more.rate;
  }

  #writeSoon(): void {
    // A process that has nothing else to do need not wait for it: who leaves flushes.
    this.#timer ??= setTimeout(() => void this.flush(), this.#everyMs).unref();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const writes = [...this.#gathered].flatMap(([key, gathered]) => this.#writesOf(key, gathered));
    this.#gathered = new Map();
    const next = writes.values();
    const failures: unknown[] = [];
    const work = async () => {
      for (const { write, undo } of next) {
        await write().catch((error) => {
          failures.push(error);
          undo();
        });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    if (failures.length === 0) return;
    this.#warn(`${failures.length} counts of publishes could not be written`, failures[0]);
    this.#writeSoon();
  }

  /** A write whose answer was lost is repeated, and may count twice: a figure that is too great by it, rather than one that forgets. */
  #writesOf(key: string, gathered: Gathered): readonly { write: () => Promise<boolean>; undo: () => void }[] {
    const { project_uuid, name, messages, bytes, latest, rate: publish_rate, days } = gathered;
    const none = { ...gathered, messages: 0, bytes: 0, days: new Map<number, number>() };
    const topic = {
      write: () =>
        this.#store.topics.change(
          { project_uuid, name },
          { add: { msg_num: messages, total_bytes: bytes }, set: { latest_publish: latest, publish_rate } },
        ),
      undo: () => this.#add(key, { ...none, messages, bytes }),
    };
    const daily = [...days].map(([day, msg_count]) => ({
      write: () =>
        this.#store.dailyCounts.change(
          { date: new Date(day), project_uuid, topic_name: name },
          { add: { msg_count }, insertMissing: true },
        ),
      undo: () => this.#add(key, { ...none, days: new Map([[day, msg_count]]) }),
    }));
    return messages === 0 ? daily : [topic, ...daily];
  }
}

/** Messages a second since the event before; the first event counts as one second. */
export function rate(messages: number, before: Date, at: Date): number {
  const passed = (at.getTime() - before.getTime()) / 1000;
  return before.getTime() < 0 || passed <= 0 ? messages : messages / passed;
}
