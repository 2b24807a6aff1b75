/** One request in, one answer out: what the cluster says, or the reason why it was not asked. A defect of ours is thrown, and Lambda reports it. */
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { TopicsReply, TopicsResponse } from '../../contracts/topics-answer.ts';
import {
  type Declared,
  type TopicsRequest,
  topicsProtocol,
  topicsRequestShape,
} from '../../contracts/topics-request.ts';
import { sendError } from '../../contracts/topics-shapes.ts';
import { manifestHash, type TopicsManifest } from '../../topics/manifest/manifest.ts';
import { workOver } from '../../topics/topics-work.ts';
import { applyCall } from './apply-call.ts';
import { type Deadline, deadlineOf } from './deadline.ts';
import { otherEnvironment, otherProtocol, requestInvalid } from './errors.ts';
import { replyToRoll } from './roll-call.ts';

export interface AnswerOptions {
  /** The environment that this function belongs to. */
  readonly environment: string;
  readonly remainingMs: number;
  readonly connect: () => Promise<KafkaConnection>;
}

export async function answer(raw: unknown, options: AnswerOptions): Promise<TopicsResponse> {
  try {
    const request = parseRequest(raw, options.environment);
    const deadline = deadlineOf(options.remainingMs, request.action === 'apply' ? request.workMs : undefined);
    try {
      const connection = await options.connect();
      try {
        const replied = await reply(connection, request, deadline);
        return { protocol: topicsProtocol, ok: true, action: request.action, answer: replied };
      } finally {
        await connection.close();
      }
    } finally {
      deadline.end();
    }
  } catch (error) {
    if (!(error instanceof EnsembleError)) throw error;
    return { protocol: topicsProtocol, ok: false, error: sendError(error) };
  }
}

/** @throws EnsembleError TOPICS_APPLIER_REQUEST_INVALID, TOPICS_APPLIER_OTHER_PROTOCOL, TOPICS_APPLIER_OTHER_ENVIRONMENT */
function parseRequest(raw: unknown, environment: string): TopicsRequest {
  const protocol = typeof raw === 'object' && raw !== null && 'protocol' in raw ? raw.protocol : undefined;
  if (protocol !== topicsProtocol) throw otherProtocol(protocol ?? null, topicsProtocol);
  const parsed = topicsRequestShape.safeParse(raw);
  if (!parsed.success)
    throw requestInvalid(
      parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the whole'}: ${message}`),
    );
  if (parsed.data.environment !== environment) throw otherEnvironment(parsed.data.environment, environment);
  return parsed.data;
}

async function reply(
  connection: KafkaConnection,
  request: TopicsRequest,
  deadline: Deadline,
): Promise<TopicsReply[TopicsRequest['action']]> {
  const work = workOver(connection);
  const { signal, workMs } = deadline;
  switch (request.action) {
    case 'observe': {
      const { sweep, groupsOf } = request;
      const seen = await work.observe(manifestOf(request.declared), { sweep, groupsOf: groupsOf ?? undefined, signal });
      const groups = seen.activeGroups;
      return {
        state: seen.state,
        activeGroups: groups === undefined ? null : [...groups].map(([topic, of]) => ({ topic, groups: of })),
      } satisfies TopicsReply['observe'];
    }
    case 'apply':
      return await applyCall(connection, request, manifestOf(request.declared), deadline);
    case 'verify': {
      const timeoutMs = Math.min(request.timeoutMs, workMs);
      return (await work.verify(manifestOf(request.declared), { timeoutMs, signal })) satisfies TopicsReply['verify'];
    }
    case 'status':
      return (await work.status(request.patterns, signal)) satisfies TopicsReply['status'];
    case 'import':
      return (await work.survey({ ...request, signal })) satisfies TopicsReply['import'];
    case 'measure': {
      const { topics, sampleRecords } = request;
      const windowMs = Math.min(request.windowMs, workMs);
      const measured = await work.measure(topics, { windowMs, sampleRecords, signal });
      return { ...measured, at: measured.at.toISOString() } satisfies TopicsReply['measure'];
    }
    case 'reassign-status':
      return (await work.reassignStatus(signal)) satisfies TopicsReply['reassign-status'];
    case 'reassign-cancel': {
      const { topics } = request;
      const cancelled = await work.cancelReassign({ signal, ...(topics.length === 0 ? {} : { topics }) });
      return cancelled satisfies TopicsReply['reassign-cancel'];
    }
    case 'health':
      return (await work.health(signal)) satisfies TopicsReply['health'];
    default:
      return await replyToRoll(connection, request);
  }
}

/** The hash is ours to make: a plan made from another manifest is refused, whatever the request says. */
function manifestOf(declared: Declared): TopicsManifest {
  return { ...declared, hash: manifestHash(declared) };
}
