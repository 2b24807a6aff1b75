/**
 * Calls a function and waits for its answer. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
 *
 * The SDK does not ask again here: a call whose answer was lost may be at work, and only the caller knows whether a second one does harm.
 */
import { type AwsPlace, call, clientConfig } from './connection.ts';
import { functionAbsent } from './errors.ts';

export interface FunctionAnswer {
  /** What the function returned; its error as Lambda describes it where `failed`. */
  readonly payload: unknown;
  /** The function ended by an error of its own, ran out of time or out of memory. */
  readonly failed: boolean;
}

export interface FunctionsClient {
  /**
   * `name` is a name or an ARN; `signal` ends the waiting, not the function. Throws CLIENT_AWS_FUNCTION_ABSENT and the other CLIENT_AWS_..., of which
   * CLIENT_AWS_THROTTLED alone says for certain that nothing was done.
   */
  invoke(name: string, payload: unknown, signal?: AbortSignal | undefined): Promise<FunctionAnswer>;
  close(): void;
}

const connectionTimeoutMs = 5_000;
/** A function lives 900 s. */
const requestTimeoutMs = 905_000;

export async function openFunctions(place: AwsPlace): Promise<FunctionsClient> {
  const sdk = await import('@aws-sdk/client-lambda');
  const requestHandler = {
    connectionTimeout: connectionTimeoutMs,
    requestTimeout: requestTimeoutMs,
    throwOnRequestTimeout: true,
  };
  const client = new sdk.LambdaClient({ ...clientConfig(place), maxAttempts: 1, requestHandler });
  return {
    async invoke(name, payload, signal) {
      const asked = new sdk.InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) });
      const sent = signal === undefined ? {} : { abortSignal: signal };
      const answer = await call(`lambda:InvokeFunction ${name}`, () => client.send(asked, sent), [
        'ResourceNotFoundException',
      ]);
      if (answer === undefined) throw functionAbsent(name);
      const text = Buffer.from(answer.Payload ?? []).toString('utf8');
      return { payload: text === '' ? undefined : JSON.parse(text), failed: answer.FunctionError !== undefined };
    },
    close: () => client.destroy(),
  };
}
