/**
 * A rehearsal: an environment of AWS, deployed to an AWS of this machine as its operator would, booted here, looked at from outside, changed and destroyed.
 * A list of named steps (steps.ts); each either did its work or ends the rehearsal, and the report says so. Whichever way it ends, nothing is left of it
 * unless it is to be kept. What is not rehearsed is named in the report, not left out.
 */
import { join } from 'node:path';
import { openObjects } from '../../clients/aws/objects.ts';
import { bucketName } from '../../contracts/aws-names.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { Hosts } from '../../drivers/hosts/hosts.ts';
import { ensureLocalAws } from '../../drivers/local-aws/local-aws.ts';
import { environmentOf } from '../../drivers/local-aws/moto-server.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import type { AwsEnvironment } from '../aws/aws-environment.ts';
import { hostedIn } from '../hosts/hosted.ts';
import { notTakenDown, stepUnknown } from './errors.ts';
import { machinesOf } from './machines.ts';
import { assertRehearsable } from './preflight.ts';
import type { Rehearsal, RehearsalStep, RehearseOptions } from './rehearsal.ts';
import type { RehearsalReport, RehearsedStep } from './report.ts';
import { stacksOf } from './stacks.ts';
import { rehearsalSteps } from './steps.ts';
import { withVariables } from './variables.ts';
import { localEndpoint } from './world.ts';

type Runner = (steps: readonly RehearsalStep[], context: Rehearsal, signal: AbortSignal) => Promise<void>;

/**
 * Runs every step, or up to the first that fails. Where AWS_ENDPOINT_URL names an AWS it is that one, which must be on this machine; else one is started.
 * @throws EnsembleError OPERATIONS_REHEARSE_NOT_POSSIBLE, OPERATIONS_REHEARSE_STEP_UNKNOWN, OPERATIONS_REHEARSE_ENDPOINT_NOT_LOCAL: nothing was started;
 * the signal's reason, once all is taken down
 */
export async function rehearse(
  aws: AwsEnvironment,
  options: RehearseOptions,
  signal: AbortSignal,
  run: Runner,
): Promise<RehearsalReport> {
  const steps = stepsUntil(options.until);
  const ownAws = (process.env.AWS_ENDPOINT_URL ?? '') === '';
  if (!ownAws) localEndpoint();
  await assertRehearsable({ ownAws, pluginDirectory: options.pluginDirectory });
  const stateDirectory = join(options.stateRoot, aws.place.environment);
  const { hosts } = hostedIn(stateDirectory);
  const onWait = ({ pid }: { readonly pid: number }) =>
    options.onProgress?.(`another rehearsal (pid ${pid}) of this environment runs; waiting for it`);
  return await withFileLock(join(stateDirectory, 'rehearsal.lock'), { signal, onWait }, async () => {
    let report: RehearsalReport | undefined;
    try {
      const variables = ownAws
        ? environmentOf((await ensureLocalAws(stateDirectory, aws.place.account, signal)).endpoint)
        : {};
      report = await withVariables(variables, () => runSteps(aws, options, steps, signal, run));
      return report;
    } finally {
      // What is left of one that was killed knows nothing of the AWS that this one has. A report says itself what could not be taken down.
      if (!options.keep)
        await hosts.down({ purge: ownAws }).catch((error: unknown) => {
          if (report === undefined) throw notTakenDown(error, []);
        });
    }
  });
}

/** @throws EnsembleError OPERATIONS_REHEARSE_STEP_UNKNOWN @internal */
export function stepsUntil(last: string | undefined): readonly RehearsalStep[] {
  const index = rehearsalSteps.findIndex(({ id }) => id === last);
  if (last === undefined) return rehearsalSteps;
  if (index !== -1) return rehearsalSteps.slice(0, index + 1);
  throw stepUnknown(
    last,
    rehearsalSteps.map(({ id }) => id),
  );
}

/** Each step that was reached is in the report, whichever way it ended, and so is what is left. @internal */
export async function runSteps(
  aws: AwsEnvironment,
  options: RehearseOptions,
  steps: readonly RehearsalStep[],
  signal: AbortSignal,
  run: Runner,
): Promise<RehearsalReport> {
  const { place } = aws;
  const stateDirectory = join(options.stateRoot, place.environment);
  const hosted = hostedIn(stateDirectory);
  const objects = await openObjects({ region: place.region }, bucketName(place), place.account);
  const { projectFolder, pluginDirectory } = options;
  const folder = join(stateDirectory, 'rehearsal');
  const stacks = stacksOf({ environment: place.environment, folder, projectFolder, pluginDirectory });
  const begun = { aws, options, hosted, folder, stacks, objects };
  const rehearsal: Rehearsal = { ...begun, chosen: [], image: '', load: undefined, machines: [], notRehearsed: [] };
  const done: RehearsedStep[] = [];
  try {
    await run(
      steps.map((step) => noted(step, done)),
      rehearsal,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    // A step's own failure stands in the report; all else is a defect of ours.
    if (!done.some(({ outcome }) => outcome === 'failed')) throw error;
  } finally {
    rehearsal.load?.end();
    objects.close();
  }
  if (rehearsal.machines.length === 0) rehearsal.machines = await machinesOf(hosted.hosts);
  const left = options.keep ? undefined : await takenDown(hosted.hosts);
  const reached = [
    ...steps.map(
      ({ id, title }): RehearsedStep =>
        done.find((step) => step.id === id) ?? { id, title, outcome: 'not reached', said: '', evidence: [], ms: 0 },
    ),
    ...(left === undefined ? [] : [left]),
  ];
  return {
    version: 1,
    environment: place.environment,
    time: new Date().toISOString(),
    passed: reached.every(({ outcome }) => outcome === 'done'),
    ...(options.until === undefined ? {} : { until: options.until }),
    steps: reached,
    machines: rehearsal.machines,
    notRehearsed: rehearsal.notRehearsed,
  };
}

/** The AWS too, which runs among what is ended. @internal */
export async function takenDown(hosts: Pick<Hosts, 'down' | 'leftovers'>): Promise<RehearsedStep> {
  const begun = performance.now();
  const failure = await hosts.down().then(
    () => [],
    (error: unknown) => [error instanceof Error ? error.message : String(error)],
  );
  const evidence = [...failure, ...(await hosts.leftovers())];
  const said = evidence.length === 0 ? 'no process, mount, device or network of it' : 'something is still there';
  const outcome = evidence.length === 0 ? 'done' : 'failed';
  return { id: 'down', title: 'Nothing is left', outcome, said, evidence, ms: Math.round(performance.now() - begun) };
}

/** Notes how it ended, whichever way. */
function noted(step: RehearsalStep, done: RehearsedStep[]): RehearsalStep {
  return {
    ...step,
    async run(context, report, signal) {
      const begun = performance.now();
      const { id, title } = step;
      const end = (outcome: 'done' | 'failed', said: string, evidence: readonly string[]) =>
        done.push({ id, title, outcome, said, evidence, ms: Math.round(performance.now() - begun) });
      try {
        const said = await step.run(context, report, signal);
        end('done', said, []);
        return said;
      } catch (error) {
        if (error instanceof EnsembleError) end('failed', error.message, error.evidence);
        else end('failed', String(error), error instanceof Error ? (error.stack ?? '').split('\n') : []);
        throw error;
      }
    },
  };
}
