/**
 * Work with topics through the applier. An apply may take hours and a function lives for minutes, so it is done call by call: each works for some seconds,
 * says how far it is, and hands over to the next. Whoever interrupts between two calls leaves a cluster whose moves go on under their throttle, and
 * the next apply takes them up.
 */
import { EnsembleError } from '../contracts/error.ts';
import type { TopicsAnswer } from '../contracts/topics-answer.ts';
import type { Declared, TopicsContinuation } from '../contracts/topics-request.ts';
import { receiveError, type SentError } from '../contracts/topics-shapes.ts';
import type { ApplyProgress, ApplyReport } from '../topics/apply/apply.ts';
import { reassignStalled } from '../topics/errors.ts';
import type { TopicsManifest } from '../topics/manifest/manifest.ts';
import type { TopicsWork } from '../topics/topics-work.ts';
import type { Applier } from './applier.ts';
import { applyInterrupted } from './applier-errors.ts';

/** How long each call works: short ones first, so that a person soon sees something, and a Ctrl-C is never heard much later than it was given. */
const workMs = [5_000, 10_000] as const;
const longestWorkMs = 20_000;
/** As a run over a connection has it (topics/reassign): a broker may take minutes to start again. */
const stallTimeoutMs = 600_000;

export interface ApplierWorkOptions {
  /** Of a clock that never goes back. */
  readonly now?: () => number;
}

export function workThrough(applier: Applier, { now = () => performance.now() }: ApplierWorkOptions = {}): TopicsWork {
  return {
    async observe(manifest, { groupsOf, sweep = false, signal }) {
      const asked = {
        action: 'observe' as const,
        declared: declaredOf(manifest),
        groupsOf: groupsOf === undefined ? null : [...groupsOf],
        sweep,
      };
      const { state, activeGroups } = await applier.ask(asked, signal);
      const groups = activeGroups?.map(({ topic, groups: of }) => [topic, of] as const);
      return { state, activeGroups: groups === undefined ? undefined : new Map(groups) };
    },
    // The function looks at the cluster in any case: `check` is for those who have just looked themselves.
    async apply(manifest, plan, { signal, onProgress, throttleBytesPerSecond }) {
      const stall = new StallWatch(now);
      let continuation: TopicsContinuation | undefined;
      let report: ApplyReport | undefined;
      for (let count = 0; ; count += 1) {
        const asked = {
          action: 'apply' as const,
          declared: declaredOf(manifest),
          plan,
          workMs: workMs[count] ?? longestWorkMs,
          ...(throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond }),
          ...(continuation === undefined ? {} : { continuation }),
        };
        let answer: TopicsAnswer<'apply'>;
        try {
          // Not ended by the signal: what a call did is known from its answer alone, and it comes within seconds.
          answer = await applier.ask(asked);
        } catch (error) {
          if (report === undefined || !(error instanceof EnsembleError)) throw error;
          return stoppedBy(report, error);
        }
        onProgress?.(answer.progress);
        report = reportOf(answer.report);
        if (answer.continuation === null) return report;
        if (signal?.aborted) return stoppedBy(report, applyInterrupted());
        const stalled = stall.look(answer.progress);
        if (stalled !== undefined) return stoppedBy(report, stalled);
        continuation = answer.continuation;
      }
    },
    verify: (manifest, { timeoutMs, signal }) =>
      applier.ask({ action: 'verify', declared: declaredOf(manifest), timeoutMs }, signal),
    status: (patterns, signal) => applier.ask({ action: 'status', patterns: [...patterns] }, signal),
    survey: ({ include = [], exclude = [], signal }) =>
      applier.ask({ action: 'import', include: [...include], exclude: [...exclude] }, signal),
    measure: (topics, { windowMs = 30_000, sampleRecords = 20_000, signal }) =>
      applier.ask({ action: 'measure', topics: [...topics], windowMs, sampleRecords }, signal),
    reassignStatus: (signal) => applier.ask({ action: 'reassign-status' }, signal),
    cancelReassign: ({ topics = [], signal }) =>
      applier.ask({ action: 'reassign-cancel', topics: [...topics] }, signal),
    health: (signal) => applier.ask({ action: 'health' }, signal),
  };
}

function declaredOf({ file, topics, absent }: TopicsManifest): Declared {
  return { file, topics: topics.map((topic) => ({ ...topic })), absent: [...absent] };
}

function reportOf({ outcomes, reassigned, stoppedBy: sent }: TopicsAnswer<'apply'>['report']): ApplyReport {
  const received = (error: SentError | undefined) => (error === undefined ? undefined : receiveError(error));
  return {
    outcomes,
    stoppedBy: received(sent),
    reassigned: reassigned === undefined ? undefined : { ...reassigned, stoppedBy: received(reassigned.stoppedBy) },
  };
}

/** In place of the hand-over that was, for the person: nobody goes on. */
function stoppedBy(report: ApplyReport, error: EnsembleError): ApplyReport {
  const { reassigned } = report;
  return {
    ...report,
    stoppedBy: error,
    reassigned: reassigned?.stoppedBy === undefined ? reassigned : { ...reassigned, stoppedBy: error },
  };
}

/** Each call is too short to tell a stall: it shows over many of them. */
class StallWatch {
  readonly #now: () => number;
  #best = '';
  #sinceMs: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#sinceMs = now();
  }

  look({ done, failed, moving }: ApplyProgress): EnsembleError | undefined {
    const signs = `${done} ${failed} ${moving?.done} ${moving?.failed} ${moving?.copiedBytes}`;
    if (signs !== this.#best) this.#sinceMs = this.#now();
    this.#best = signs;
    const stillMs = this.#now() - this.#sinceMs;
    return stillMs > stallTimeoutMs ? reassignStalled(stillMs, moving?.waitingFor ?? []) : undefined;
  }
}
