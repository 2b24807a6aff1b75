/** CloudWatch Logs, as far as a node writes to it. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
import { z } from 'zod';
import { type SignedCall, signedService } from './signed-request.ts';

export interface LogStream {
  readonly group: string;
  readonly stream: string;
}

/** `taken`, less what was thrown away at once for its age; no such stream; or something in it that no second try would mend. */
export type PutLogs =
  | { readonly kind: 'taken'; readonly thrownAway: number }
  | { readonly kind: 'absent' | 'invalid'; readonly why: string };

export interface LogsClient {
  /** Events in the order of their times (milliseconds since 1970), within the limits of one call. */
  put(to: LogStream, events: readonly { readonly atMs: number; readonly text: string }[]): Promise<PutLogs>;
  /** Also where it is there already. */
  createStream(stream: LogStream): Promise<void>;
}

/** Three places in the list: before the first, everything is too old or expired; from the last on, everything is too new. */
const answerShape = z.object({
  rejectedLogEventsInfo: z
    .object({
      tooNewLogEventStartIndex: z.number().nullish(),
      tooOldLogEventEndIndex: z.number().nullish(),
      expiredLogEventEndIndex: z.number().nullish(),
    })
    .nullish(),
});

export async function openLogs({ region }: { readonly region: string }): Promise<LogsClient> {
  const send = await signedService({ region, signingName: 'logs', hostName: 'logs', variable: 'CLOUDWATCH_LOGS' });
  const asked = (
    action: string,
    { group, stream }: LogStream,
    body: object,
    expected: readonly string[],
  ): SignedCall => ({
    name: `logs:${action} ${group} ${stream}`,
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${action}` },
    body: JSON.stringify({ logGroupName: group, logStreamName: stream, ...body }),
    expected,
  });
  return {
    async put(to, events) {
      const logEvents = events.map(({ atMs, text }) => ({ timestamp: atMs, message: text }));
      const expected = ['ResourceNotFoundException', 'InvalidParameterException'];
      const { error, text } = await send(asked('PutLogEvents', to, { logEvents }, expected));
      if (error !== undefined) return { kind: error === 'ResourceNotFoundException' ? 'absent' : 'invalid', why: text };
      const rejected = answerShape.safeParse(text === '' ? {} : JSON.parse(text)).data?.rejectedLogEventsInfo;
      const before = Math.max(rejected?.tooOldLogEventEndIndex ?? 0, rejected?.expiredLogEventEndIndex ?? 0);
      const after = events.length - (rejected?.tooNewLogEventStartIndex ?? events.length);
      return { kind: 'taken', thrownAway: Math.min(events.length, before + after) };
    },
    async createStream(stream) {
      await send(asked('CreateLogStream', stream, {}, ['ResourceAlreadyExistsException']));
    },
  };
}
