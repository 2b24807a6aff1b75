/**
 * The topics applier as the operator's commands ask it: one request, one answer, both checked, and the errors of the function thrown as they were there.
 * A call that may be repeated is repeated when its answer is lost; the first call of an apply may not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type FunctionsClient, openFunctions } from '../clients/aws/lambda.ts';
import { EnsembleError } from '../contracts/error.ts';
import { type TopicsAnswer, topicsAnswers, topicsResponseShape } from '../contracts/topics-answer.ts';
import { packPayload, unpackPayload } from '../contracts/topics-payload.ts';
import { type TopicsAction, type TopicsRequest, topicsProtocol } from '../contracts/topics-request.ts';
import { receiveError } from '../contracts/topics-shapes.ts';
import { answerLost, answerUnreadable, functionFailed } from './applier-errors.ts';

/** A request without what every request has. */
export type Asked<Action extends TopicsAction> = Omit<
  Extract<TopicsRequest, { action: Action }>,
  'protocol' | 'environment'
>;

export interface Applier {
  /**
   * Throws what the function threw; CLIENT_AWS_..., OPERATIONS_APPLIER_FAILED, OPERATIONS_APPLIER_ANSWER_LOST, OPERATIONS_APPLIER_ANSWER_UNREADABLE,
   * TOPICS_PAYLOAD_TOO_LARGE.
   */
  ask<Action extends TopicsAction>(
    request: Asked<Action> & { readonly action: Action },
    signal?: AbortSignal | undefined,
  ): Promise<TopicsAnswer<Action>>;
  close(): void;
}

export interface ApplierPlace {
  readonly environment: string;
  readonly region: string;
  /** Its ARN says whose account it is in: credentials of another one are refused by AWS. */
  readonly functionName: string;
  /** Before a lost call is repeated; doubled each time. Default 1 000. */
  readonly pauseMs?: number;
}

const attempts = 4;

export async function openApplier(place: ApplierPlace): Promise<Applier> {
  return applierOver(await openFunctions({ region: place.region }), place);
}

/** @internal */
export function applierOver(
  functions: FunctionsClient,
  { environment, functionName, pauseMs = 1_000 }: ApplierPlace,
): Applier {
  async function invoke(request: TopicsRequest, signal: AbortSignal | undefined): Promise<unknown> {
    const payload = packPayload(request, 'the request');
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answer = await functions.invoke(functionName, payload, signal);
        if (answer.failed) throw functionFailed(functionName, describeFailure(answer.payload));
        return answer.payload;
      } catch (error) {
        if (!(error instanceof EnsembleError) || signal?.aborted) throw error;
        if (error.code !== 'CLIENT_AWS_THROTTLED' && !mayRepeat(request)) {
          throw lostCodes.has(error.code) ? answerLost(functionName, error) : error;
        }
        if (attempt === attempts || !(error.code === 'CLIENT_AWS_THROTTLED' || lostCodes.has(error.code))) throw error;
        await sleep(pauseMs * 2 ** (attempt - 1), undefined, { signal });
      }
    }
  }

  return {
    async ask(request, signal) {
      // The union's members have these two in common, which the compiler cannot follow through `Omit`.
      const whole = { ...request, protocol: topicsProtocol, environment } as unknown as TopicsRequest;
      const raw = unpackPayload(await invoke(whole, signal), 'the answer');
      const response = topicsResponseShape.safeParse(raw);
      if (!response.success) throw answerUnreadable(functionName, firstFault(response.error.issues));
      if (!response.data.ok) throw receiveError(response.data.error);
      const answer = topicsAnswers[request.action].safeParse(response.data.answer);
      if (!answer.success) throw answerUnreadable(functionName, firstFault(answer.error.issues));
      return answer.data as TopicsAnswer<typeof request.action>;
    },
    close: () => functions.close(),
  };
}

/** After these the function may have done its work, or be at it. */
const lostCodes: ReadonlySet<string> = new Set([
  'CLIENT_AWS_UNREACHABLE',
  'CLIENT_AWS_FAILED',
  'OPERATIONS_APPLIER_FAILED',
]);

/** Questions, and what goes on from where it was: the first call of an apply would find the cluster that it has changed itself. */
function mayRepeat(request: TopicsRequest): boolean {
  return request.action !== 'apply' || request.continuation !== undefined;
}

/** Lambda's own words: `{ errorType, errorMessage, trace }`. */
function describeFailure(payload: unknown): string {
  const { errorType, errorMessage } = Object(payload) as { errorType?: unknown; errorMessage?: unknown };
  return [errorType, errorMessage].filter((part) => typeof part === 'string' && part !== '').join(': ') || 'no reason';
}

function firstFault(issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]): string {
  const [issue] = issues;
  return `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'it does not fit'}`;
}
