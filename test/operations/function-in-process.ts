/** The applier's function without Lambda: payloads go through JSON and their limit as they would, and what answers is the program's own code in this process. */
import type { FunctionAnswer, FunctionsClient } from '../../clients/aws/lambda.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { packPayload, unpackPayload } from '../../contracts/topics-payload.ts';
import { answer } from '../../programs/topics-applier/answer.ts';

export class FunctionInProcess implements FunctionsClient {
  /** Requests and answers in the order in which they came, as they were on the wire. */
  readonly requests: string[] = [];
  readonly answers: string[] = [];
  closed = false;
  /** Called before the function; what it throws is what the caller sees, and `after` says that the function has done its work by then. */
  intercept: (call: number) => { readonly error: Error; readonly after?: boolean } | FunctionAnswer | undefined = () =>
    undefined;
  readonly #connection: KafkaConnection;
  readonly #remainingMs: number;

  constructor(connection: KafkaConnection, { remainingMs = 60_050 }: { readonly remainingMs?: number } = {}) {
    this.#connection = connection;
    this.#remainingMs = remainingMs;
  }

  async invoke(_name: string, payload: unknown): Promise<FunctionAnswer> {
    const text = JSON.stringify(payload);
    this.requests.push(text);
    const planted = this.intercept(this.requests.length);
    if (planted !== undefined && 'payload' in planted) return planted;
    if (planted !== undefined && planted.after !== true) throw planted.error;
    const given = await answer(unpackPayload(JSON.parse(text), 'the request'), {
      environment: 'test',
      remainingMs: this.#remainingMs,
      connect: async () => this.#connection,
    });
    if (planted !== undefined) throw planted.error;
    const back = JSON.stringify(packPayload(given, 'the answer'));
    this.answers.push(back);
    return { payload: JSON.parse(back), failed: false };
  }

  close(): void {
    this.closed = true;
  }
}
