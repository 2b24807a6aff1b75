/**
 * The lines that are most of a long history, read from their bytes without JSON.parse and the schema: what a request sent, that it was acknowledged, what
 * was read. Only in the very form in which the recorder writes them; any other form is left to the schema, so that no line is accepted which it refuses
 * (test/chaos/usual-line.test.ts asks both of them).
 */
import type { HistoryEvent } from './history-event.ts';

type Reader = (line: Line) => HistoryEvent | undefined;

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1');

/** Behind `{"type":"`: what tells them apart, and the rest. */
const beginning = ascii('{"type":"');
const marks = {
  op: ascii('"op":'),
  key: ascii(',"key":"'),
  first: ascii('","first":'),
  count: ascii(',"count":'),
  viaKafka: ascii(',"via":"kafka"'),
  outcomeOk: ascii(',"outcome":"ok"'),
  partition: ascii(',"partition":'),
  firstPartition: ascii('"partition":'),
  offset: ascii(',"offset":'),
  consumer: ascii('"consumer":"'),
  consumerEnd: ascii('"'),
  values: ascii(',"values":['),
  at: ascii(',"at":'),
};

const readers: readonly (readonly [Uint8Array, Reader])[] = [
  [ascii('send",'), readSend],
  [ascii('sent",'), readSent],
  [ascii('poll",'), readPoll],
  [ascii('log",'), readLog],
];

/** undefined for a line of another kind or form. */
export function readUsualLine(bytes: Buffer): HistoryEvent | undefined {
  const line = new Line(bytes);
  if (!line.skip(beginning)) return undefined;
  for (const [kind, read] of readers) if (line.skip(kind)) return read(line);
  return undefined;
}

function readSend(line: Line): HistoryEvent | undefined {
  if (!line.skip(marks.op)) return undefined;
  const op = line.count();
  if (!line.skip(marks.key)) return undefined;
  const key = line.text();
  if (!line.skip(marks.first)) return undefined;
  const first = line.count();
  if (!line.skip(marks.count)) return undefined;
  const count = line.count();
  if (!line.skip(marks.viaKafka)) return undefined;
  const at = line.end();
  if (line.isOdd || key === undefined || count < 1 || count > 100_000) return undefined;
  return { type: 'send', op, key, first, count, via: 'kafka', at };
}

function readSent(line: Line): HistoryEvent | undefined {
  if (!line.skip(marks.op)) return undefined;
  const op = line.count();
  if (!line.skip(marks.outcomeOk) || !line.skip(marks.partition)) return undefined;
  const partition = line.count();
  if (!line.skip(marks.offset)) return undefined;
  const offset = line.count();
  const at = line.end();
  return line.isOdd ? undefined : { type: 'sent', op, outcome: 'ok', partition, offset, at };
}

function readPoll(line: Line): HistoryEvent | undefined {
  if (!line.skip(marks.consumer)) return undefined;
  const consumer = line.text();
  if (!line.skip(marks.consumerEnd) || !line.skip(marks.partition)) return undefined;
  const read = readRecords(line);
  return read === undefined || consumer === undefined ? undefined : { type: 'poll', consumer, ...read };
}

function readLog(line: Line): HistoryEvent | undefined {
  if (!line.skip(marks.firstPartition)) return undefined;
  const read = readRecords(line);
  return read === undefined ? undefined : { type: 'log', ...read };
}

function readRecords(line: Line) {
  const partition = line.count();
  if (!line.skip(marks.offset)) return undefined;
  const offset = line.count();
  if (!line.skip(marks.values)) return undefined;
  const values = line.values();
  const at = line.end();
  return line.isOdd ? undefined : { partition, offset, values, at };
}

const [quote, backslash, comma, point, colon, zero, nine] = [34, 92, 44, 46, 58, 48, 57];
const [closingBracket, closingBrace] = [93, 125];
/** The bytes of text that stand for themselves in JSON and in UTF-8. */
const [firstPlain, lastPlain] = [0x20, 0x7e];
/** Every number of so many digits is one that a double holds exactly, and so is 10 to that power: one division rounds as JSON.parse does. */
const mostDigits = 15;

/** A line and how far it was read. `isOdd` once something was not as the recorder writes it: what was read since then means nothing. */
class Line {
  isOdd = false;
  #at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether it goes on with this; if so, goes behind it. */
  skip(mark: Uint8Array): boolean {
    const at = this.#at;
    for (let index = 0; index < mark.length; index += 1) if (this.#bytes[at + index] !== mark[index]) return false;
    this.#at = at + mark.length;
    return true;
  }

  /** A whole number as JSON writes it. */
  count(): number {
    const begin = this.#at;
    const number = this.#digits();
    const length = this.#at - begin;
    if (length === 0 || length > mostDigits || (length > 1 && this.#bytes[begin] === zero)) this.isOdd = true;
    return number;
  }

  /** Up to the quotation mark; undefined where it holds anything that JSON escapes or UTF-8 encodes. */
  text(): string | undefined {
    const begin = this.#at;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === quote) return this.#bytes.toString('latin1', begin, this.#at);
      if (byte === undefined || byte === backslash || byte < firstPlain || byte > lastPlain) return undefined;
      this.#at += 1;
    }
  }

  /** Each `"<key>:<number>"`, up to and with the closing bracket. */
  values(): readonly string[] {
    const values: string[] = [];
    if (this.#bytes[this.#at] === closingBracket) {
      this.#at += 1;
      return values;
    }
    for (;;) {
      const value = this.#value();
      if (value === undefined) break;
      values.push(value);
      const next = this.#bytes[this.#at];
      this.#at += 1;
      if (next === closingBracket) return values;
      if (next !== comma) break;
    }
    this.isOdd = true;
    return values;
  }

  /** The time, which is last. */
  end(): number {
    if (!this.skip(marks.at)) this.isOdd = true;
    const begin = this.#at;
    const whole = this.count();
    if (this.#bytes[this.#at] !== point) {
      this.#close();
      return whole;
    }
    this.#at += 1;
    const fraction = this.#at;
    const rest = this.#digits();
    const decimals = this.#at - fraction;
    // One digit is the point.
    if (decimals === 0 || this.#at - begin - 1 > mostDigits) this.isOdd = true;
    this.#close();
    const scale = 10 ** decimals;
    return (whole * scale + rest) / scale;
  }

  #value(): string | undefined {
    if (this.#bytes[this.#at] !== quote) return undefined;
    const begin = this.#at + 1;
    let at = begin;
    let byte = this.#bytes[at];
    while (byte !== colon) {
      if (byte === undefined || byte === quote || byte === backslash || byte < firstPlain || byte > lastPlain)
        return undefined;
      at += 1;
      byte = this.#bytes[at];
    }
    this.#at = at + 1;
    this.#digits();
    const digits = this.#at - at - 1;
    if (at === begin || digits === 0 || digits > mostDigits || this.#bytes[this.#at] !== quote) return undefined;
    const value = this.#bytes.toString('latin1', begin, this.#at);
    this.#at += 1;
    return value;
  }

  #digits(): number {
    let number = 0;
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined || byte < zero || byte > nine) return number;
      number = number * 10 + (byte - zero);
      this.#at += 1;
    }
  }

  #close(): void {
    if (this.#bytes[this.#at] !== closingBrace || this.#at + 1 !== this.#bytes.length) this.isOdd = true;
  }
}
