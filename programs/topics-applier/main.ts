/**
 * The topics applier: a function in the private network of a deployed environment, through which commands outside plan and apply topics, ask for the
 * cluster's health, and get metrics each minute (docs/decisions/0036). Lambda calls `handler`; the program has no other beginning.
 *
 * Standard output is the function's log: a line of JSON a call, without names of topics' settings, and with nothing of its secret.
 */
import { EnsembleError } from '../../contracts/error.ts';
import { packPayload, unpackPayload } from '../../contracts/topics-payload.ts';
import { scheduledEventShape, topicsProtocol } from '../../contracts/topics-request.ts';
import { sendError } from '../../contracts/topics-shapes.ts';
import { sweepThrottles } from '../../topics/reassign/throttle.ts';
import { type ClusterHealth, readClusterHealth } from '../../topics/status/health.ts';
import { answer } from './answer.ts';
import { openBrokers, readEnvironment } from './brokers.ts';
import { metricLine } from './metrics.ts';

/** The part of Lambda's context that is used. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
interface Context {
  getRemainingTimeInMillis(): number;
  readonly awsRequestId?: string;
}

/** @internal */
export async function handler(event: unknown, context: Context): Promise<unknown> {
  const startedMs = Date.now();
  const scheduled = scheduledEventShape.safeParse(event).success;
  let response: unknown;
  let outcome: string;
  try {
    if (scheduled) {
      outcome = await watch();
      response = null;
    } else {
      const request = unpackPayload(event, 'the request');
      const environment = readEnvironment(process.env);
      const given = await answer(request, {
        environment: environment.ENSEMBLE_ENVIRONMENT,
        remainingMs: context.getRemainingTimeInMillis(),
        connect: () => openBrokers(environment),
      });
      outcome = given.ok ? given.action : given.error.code;
      response = packPayload(given, 'the answer');
    }
  } catch (error) {
    if (!(error instanceof EnsembleError)) throw error;
    outcome = error.code;
    response = { protocol: topicsProtocol, ok: false, error: sendError(error) };
  }
  log({ request: context.awsRequestId, outcome, ms: Date.now() - startedMs });
  return response;
}

/**
 * Each minute: health as metrics, and the throttles of a call that died taken away. A cluster that does not answer is a metric, not an error: Lambda
 * would call again for one.
 */
async function watch(): Promise<string> {
  const environment = readEnvironment(process.env);
  const tell = (health: ClusterHealth | undefined) =>
    process.stdout.write(`${metricLine(environment.ENSEMBLE_ENVIRONMENT, health, Date.now())}\n`);
  let told = false;
  try {
    const connection = await openBrokers(environment);
    try {
      const health = await readClusterHealth(connection);
      tell(health);
      told = true;
      const { rates, lists } = await sweepThrottles(connection, { graceMs: sweepGraceMs });
      return rates.length + lists.length === 0 ? 'watched' : 'watched, and swept throttles';
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (!(error instanceof EnsembleError)) throw error;
    if (!told) tell(undefined);
    return error.code;
  }
}

/** Between the two looks at what seems to be left over: an apply that begins has its moves sent by then. */
const sweepGraceMs = 5_000;

function log(line: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
