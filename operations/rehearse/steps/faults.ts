/** Scenarios of `ensemble chaos` that only machines can suffer, played on those of the rehearsal beside its producer. Each is judged by its own history. */
import { join } from 'node:path';
import { z } from 'zod';
import { installationRoot } from '../../../platform/installation-root.ts';
import { runSeated } from '../../chaos/seat.ts';
import { notAsMeant } from '../errors.ts';
import type { Rehearsal, RehearsalStep } from '../rehearsal.ts';

/** The two that differ most: a machine that is gone with its memory, and one that goes on without hearing that it was replaced. */
const chosen = ['machine-leader-kill', 'machine-leader-isolate'] as const;
/** Of each of them, to be elected from and to be in sync with. */
const fewestBrokers = 3;
const evidenceLines = 25;

const answer = z.object({
  seed: z.int(),
  reports: z
    .array(
      z.object({
        verdict: z.enum(['pass', 'fail', 'inconclusive', 'skipped', 'error']),
        reasons: z.array(z.string()),
        runs: z.array(z.object({ verdict: z.object({ counts: z.object({ acknowledged: z.int(), lost: z.int() }) }) })),
      }),
    )
    .length(1),
});
type Judged = z.output<typeof answer>;

export const faultsStep: RehearsalStep = {
  id: 'faults',
  title: 'Leaders’ machines killed and cut off, under a load of their own',
  async run(rehearsal, report, signal) {
    const brokers = rehearsal.chosen.filter(({ group }) => group.services.includes('kafka'));
    if (brokers.length < fewestBrokers) {
      const why = `they need ${fewestBrokers} workers, and ${brokers.length} have a machine here`;
      rehearsal.notRehearsed.push({ what: chosen.join(' and '), why });
      return 'none is played';
    }
    const said: string[] = [];
    for (const scenario of chosen)
      said.push(told(scenario, await play(rehearsal, scenario, report, signal), rehearsal));
    return said.join('; ');
  },
};

/** As a person would, by the command itself. Its page lies beside the rehearsal's. */
async function play(
  { aws, options }: Rehearsal,
  scenario: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<Judged> {
  const lines: string[] = [];
  const words = ['chaos', 'run', scenario, '--driver', 'hosts', '--environment', aws.environment.file];
  const page = join(options.stateRoot, aws.place.environment, `rehearsal-${scenario}.html`);
  const { status, output } = await runSeated(
    { ...options, environment: aws.environment.file },
    {
      command: [
        process.execPath,
        join(installationRoot(), 'bin', 'ensemble.js'),
        ...words,
        ...['--state', options.stateRoot, '--html', page, '--json'],
      ],
      signal,
      onLine: (line) => {
        lines.push(line);
        report(`${scenario}: ${line.trim()}`);
      },
    },
  );
  signal.throwIfAborted();
  try {
    return answer.parse(JSON.parse(output));
  } catch {
    throw notAsMeant(`${scenario} was not played (status ${status})`, lines.slice(-evidenceLines));
  }
}

/** In a few words. What could not be told is named as not rehearsed, and neither passes nor fails. @throws EnsembleError OPERATIONS_REHEARSE_NOT_AS_MEANT @internal */
export function told(
  scenario: string,
  { seed, reports }: Judged,
  { notRehearsed }: Pick<Rehearsal, 'notRehearsed'>,
): string {
  const [report] = reports;
  const counts = report?.runs[0]?.verdict.counts;
  const again = `\`ensemble chaos run ${scenario} --driver hosts --seed ${seed}\``;
  if (report?.verdict === 'pass')
    return `${scenario}: all ${counts?.acknowledged ?? 0} records that were acknowledged are there (${again})`;
  if (report?.verdict === 'inconclusive' || report?.verdict === 'skipped') {
    notRehearsed.push({ what: `${scenario} (${report.verdict})`, why: report.reasons.join('; ') });
    return `${scenario}: ${report.verdict}`;
  }
  throw notAsMeant(`${scenario}: ${report?.verdict ?? 'no verdict'} (${again})`, report?.reasons ?? []);
}
