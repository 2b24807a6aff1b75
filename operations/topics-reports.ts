/** What can be learned of a cluster's topics without changing them: status, import, advice; and its reassignments under way. */
import { readFile, writeFile } from 'node:fs/promises';
import { type Advice, type AdviseWishes, advise } from '../topics/advise/advise.ts';
import { writeAdvice } from '../topics/advise/advise-write.ts';
import type { Measurement, MeasureOptions } from '../topics/advise/measure.ts';
import { type ImportedManifest, importManifest } from '../topics/import/import.ts';
import type { ImportSelection } from '../topics/import/observe-import.ts';
import type { CancelReport } from '../topics/reassign/cancel-reassign.ts';
import type { ReassignStatus } from '../topics/reassign/reassign-status.ts';
import type { TopicsStatus } from '../topics/status/status.ts';
import { readTargetManifest } from './topics.ts';
import { exclusively, requireManifest, type TopicsTarget, withTopics } from './topics-target.ts';

/** `patterns` choose topics by name; all but Kafka's own where there are none. */
export async function topicsStatus(
  target: TopicsTarget,
  patterns: readonly string[],
  signal: AbortSignal,
): Promise<TopicsStatus> {
  return await withTopics(target, (work) => work.status(patterns, signal));
}

export async function importTopics(target: TopicsTarget, selection: ImportSelection): Promise<ImportedManifest> {
  const { brokers } = target;
  return await withTopics(target, async (work) =>
    importManifest(await work.survey(selection), {
      at: new Date(),
      policy: brokers === undefined ? {} : { brokers },
    }),
  );
}

export interface AdviceReport {
  readonly measurement: Omit<Measurement, 'inputs'>;
  readonly advices: readonly Advice[];
  /** Undefined unless the manifest was to be written. */
  readonly written:
    | { readonly file: string; readonly topics: readonly string[]; readonly elsewhere: readonly string[] }
    | undefined;
}

export interface AdviceOptions extends Pick<MeasureOptions, 'windowMs' | 'sampleRecords' | 'signal'> {
  /** Those of the manifest where empty. */
  readonly topics: readonly string[];
  readonly wishes: AdviseWishes;
  /** Raises the partition counts in the manifest's text, comments kept. */
  readonly write: boolean;
}

/** @throws EnsembleError OPERATIONS_NO_MANIFEST, and as the connection */
export async function adviseTopics(
  target: TopicsTarget,
  { topics, wishes, write, ...measuring }: AdviceOptions,
): Promise<AdviceReport> {
  const manifest = write || topics.length === 0 ? await readTargetManifest(target) : undefined;
  const names = topics.length > 0 ? topics : (manifest?.topics.map(({ name }) => name) ?? []);
  const { inputs, ...measurement } = await withTopics(target, (work) => work.measure(names, measuring));
  const advices = inputs.map((input) => advise(input, wishes));
  if (!write || manifest === undefined) return { measurement, advices, written: undefined };
  const file = requireManifest(target);
  const { environment } = target;
  const result = writeAdvice(
    await readFile(file, 'utf8'),
    advices,
    manifest,
    environment === undefined ? {} : { environment },
  );
  if (result.written.length > 0) await writeFile(file, result.text);
  return { measurement, advices, written: { file, topics: result.written, elsewhere: result.elsewhere } };
}

export async function statusOfReassign(target: TopicsTarget, signal: AbortSignal): Promise<ReassignStatus> {
  return await withTopics(target, (work) => work.reassignStatus(signal));
}

/** Only these topics' moves; every move in the cluster where there are none. */
export async function cancelReassigns(
  target: TopicsTarget,
  topics: readonly string[],
  options: { readonly signal: AbortSignal; readonly onWaitForLock?: ((pid: number) => void) | undefined },
): Promise<CancelReport> {
  const { signal } = options;
  return await exclusively(target, options, () =>
    withTopics(target, (work) => work.cancelReassign({ signal, ...(topics.length === 0 ? {} : { topics }) })),
  );
}
