/**
 * What a broker promised a producer, checked against what lies in the logs afterwards: every acknowledged record where its acknowledgement said, none
 * twice, each key's records in the order in which they were sent, and nothing that the producer was told had failed. Pure.
 *
 * Unknown never passes: a log that was not read to its end, or nothing acknowledged at all, proves nothing.
 */

/** One call's outcome, as the producer was told. Values are whole numbers that count up from 0. */
export type ProduceOutcome =
  | { readonly value: number; readonly partition: number; readonly offset: number }
  | { readonly value: number; readonly fault: string };

export interface LoggedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly value: number;
}

/** A sentence for each fault, the first few of each kind; empty where all promises were kept. */
export function checkProducedLog(outcomes: readonly ProduceOutcome[], log: readonly LoggedRecord[]): readonly string[] {
  const faults: string[] = [];
  const at = new Map(log.map((record) => [`${record.partition}/${record.offset}`, record.value]));
  const acknowledged = outcomes.flatMap((outcome) => ('fault' in outcome ? [] : [outcome]));
  if (acknowledged.length === 0) faults.push('nothing was acknowledged');
  for (const outcome of outcomes) if ('fault' in outcome) faults.push(`${outcome.value} failed: ${outcome.fault}`);
  for (const { value, partition, offset } of acknowledged) {
    const found = at.get(`${partition}/${offset}`);
    if (found === undefined) faults.push(`${value} was acknowledged at ${partition}/${offset}, and is not there`);
    else if (found !== value) faults.push(`${value} was acknowledged at ${partition}/${offset}, where ${found} lies`);
  }
  const seen = new Map<number, LoggedRecord>();
  for (const record of log) {
    const first = seen.get(record.value);
    if (first !== undefined) faults.push(`${record.value} lies twice: ${place(first)} and ${place(record)}`);
    seen.set(record.value, record);
  }
  const last = new Map<string, LoggedRecord>();
  for (const record of [...log].sort((a, b) => a.partition - b.partition || a.offset - b.offset)) {
    const before = last.get(record.key);
    if (before !== undefined && before.value > record.value)
      faults.push(`${record.value} of key ${record.key} lies behind ${before.value}: ${place(record)}`);
    last.set(record.key, record);
  }
  return faults.slice(0, told);
}

const told = 10;

function place({ partition, offset }: LoggedRecord): string {
  return `${partition}/${offset}`;
}
