/** What a rehearsal found: each step with its time and outcome, and what was not rehearsed, in so many words. Pure. */

export interface RehearsedStep {
  /** As `--until` takes it. */
  readonly id: string;
  readonly title: string;
  readonly outcome: 'done' | 'failed' | 'not reached';
  /** In a few words; of a failed one, why. */
  readonly said: string;
  /** What shows it: lines of a journal. */
  readonly evidence: readonly string[];
  readonly ms: number;
}

export interface NotRehearsed {
  readonly what: string;
  readonly why: string;
}

export interface RehearsedMachine {
  readonly node: string;
  readonly instance: string;
  readonly memoryMiB: number | undefined;
}

export interface RehearsalReport {
  readonly version: 1;
  readonly environment: string;
  /** ISO 8601 */
  readonly time: string;
  readonly passed: boolean;
  /** The last step that was asked for; absent where all were. */
  readonly until?: string;
  readonly steps: readonly RehearsedStep[];
  readonly machines: readonly RehearsedMachine[];
  readonly notRehearsed: readonly NotRehearsed[];
}

/** One page, without anything from elsewhere. */
export function formatRehearsal(report: RehearsalReport): string {
  const { environment, time, passed, steps, machines, notRehearsed } = report;
  const rows = steps.map(({ title, outcome, said, ms, evidence }) => {
    const lines = evidence.length === 0 ? '' : `<pre>${escaped(evidence.join('\n'))}</pre>`;
    const time = outcome === 'not reached' ? '' : `${(ms / 1000).toFixed(1)} s`;
    return `<tr class="${outcome.replace(' ', '-')}"><td>${escaped(title)}</td><td>${outcome}</td><td>${time}</td><td>${escaped(said)}${lines}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Rehearsal of ${escaped(environment)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1 span { color: ${passed ? '#1a7f37' : '#b3261e'} }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
.steps { table-layout: fixed } .steps th:nth-child(1) { width: 17rem } .steps th:nth-child(2) { width: 6.5rem } .steps th:nth-child(3) { width: 5rem }
.steps td:nth-child(3), .machines td:nth-child(3), th.number { text-align: right; white-space: nowrap } .machines { width: auto }
.done td:nth-child(2) { color: #1a7f37 } .failed { background: #fdecea } .failed td:nth-child(2) { color: #b3261e; font-weight: 600 } .not-reached { color: #777 }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12px; margin: .4rem 0 }
</style>
<h1>Rehearsal of ${escaped(environment)}: <span>${verdictOf(report)}</span></h1>
<p>${escaped(time.slice(0, 16).replace('T', ' '))} UTC. ${summaryOf(steps)}</p>
<table class="steps"><tr><th>Step</th><th>Outcome</th><th class="number">Time</th><th>What was found</th></tr>
${rows.join('\n')}
</table>
<h2>Machines</h2>
<p>As they were once every service served; memory without the page cache.</p>
<table class="machines"><tr><th>Node</th><th>Instance</th><th class="number">Memory</th></tr>
${machines.map(({ node, instance, memoryMiB }) => `<tr><td>${escaped(node)}</td><td>${escaped(instance)}</td><td>${memoryMiB === undefined ? 'unknown' : `${memoryMiB} MiB`}</td></tr>`).join('\n')}
</table>
<h2>Not rehearsed</h2>
<ul>
${notRehearsed.map(({ what, why }) => `<li><b>${escaped(what)}</b>: ${escaped(why)}</li>`).join('\n')}
</ul>
</html>
`;
}

/** `passed`, `passed as far as nodes`, `failed`. */
export function verdictOf({ passed, until }: Pick<RehearsalReport, 'passed' | 'until'>): string {
  if (!passed) return 'failed';
  return until === undefined ? 'passed' : `passed as far as ${until}`;
}

function summaryOf(steps: readonly RehearsedStep[]): string {
  const seconds = Math.round(steps.reduce((sum, { ms }) => sum + ms, 0) / 1000);
  const done = steps.filter(({ outcome }) => outcome === 'done').length;
  return `${done} of ${steps.length} steps done, in ${Math.floor(seconds / 60)} min ${seconds % 60} s.`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
