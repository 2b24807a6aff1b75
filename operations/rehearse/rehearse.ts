/**
 * A rehearsal: what the stacks launched on a local AWS boots on this machine, becomes its nodes by itself, and is looked at from outside. A list of named
 * steps (steps.ts); each either did its work or ends the rehearsal, and the report says so. What is not rehearsed is named in the report, not left out.
 */
import { join } from 'node:path';
import { openObjects } from '../../clients/aws/objects.ts';
import { bucketName } from '../../contracts/aws-names.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { AwsEnvironment } from '../aws/aws-environment.ts';
import { hostedIn } from '../hosts/hosted.ts';
import type { Rehearsal, RehearsalStep, RehearseOptions } from './rehearsal.ts';
import type { RehearsalReport, RehearsedStep } from './report.ts';
import { rehearsalSteps } from './steps.ts';
import { localEndpoint } from './world.ts';

const notYet = [
  'messages through the load balancer and the messaging API',
  'a changed setting and `ensemble roll`',
  'a machine refreshed, a group enlarged, a node retired',
] as const;

type Runner = (steps: readonly RehearsalStep[], context: Rehearsal, signal: AbortSignal) => Promise<void>;

/** Runs every step, or up to the first that fails. @throws EnsembleError what keeps it from beginning; the signal's reason */
export async function rehearse(
  aws: AwsEnvironment,
  options: RehearseOptions,
  signal: AbortSignal,
  run: Runner,
): Promise<RehearsalReport> {
  localEndpoint();
  const { place } = aws;
  const hosted = hostedIn(join(options.stateRoot, place.environment));
  const objects = await openObjects({ region: place.region }, bucketName(place), place.account);
  const notRehearsed = notYet.map((what) => ({ what, why: 'not part of this command yet' }));
  const rehearsal: Rehearsal = { aws, options, hosted, objects, chosen: [], image: '', notRehearsed };
  const done: RehearsedStep[] = [];
  const steps = rehearsalSteps;
  try {
    await run(
      steps.map((step) => noted(step, done)),
      rehearsal,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EnsembleError)) throw error;
  } finally {
    objects.close();
  }
  const machines = (await hosted.hosts.status()).map(({ node, instance, memoryMiB }) => ({
    node,
    instance,
    memoryMiB,
  }));
  if (!options.keep) await hosted.hosts.down();
  const reached = steps.map(({ title }) => done.find((step) => step.title === title));
  return {
    version: 1,
    environment: place.environment,
    time: new Date().toISOString(),
    passed: reached.every((step) => step?.outcome === 'done'),
    steps: steps.map(
      ({ title }, index) => reached[index] ?? { title, outcome: 'not reached', said: '', evidence: [], ms: 0 },
    ),
    machines,
    notRehearsed,
  };
}

/** Notes how it ended, whichever way. */
function noted(step: RehearsalStep, done: RehearsedStep[]): RehearsalStep {
  return {
    ...step,
    async run(context, report, signal) {
      const begun = performance.now();
      const end = (outcome: 'done' | 'failed', said: string, evidence: readonly string[]) =>
        done.push({ title: step.title, outcome, said, evidence, ms: Math.round(performance.now() - begun) });
      try {
        const said = await step.run(context, report, signal);
        end('done', said, []);
        return said;
      } catch (error) {
        const { message, evidence } = error instanceof EnsembleError ? error : { message: String(error), evidence: [] };
        end('failed', message, evidence);
        throw error;
      }
    },
  };
}
