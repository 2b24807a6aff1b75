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
  readonly steps: readonly RehearsedStep[];
  readonly machines: readonly RehearsedMachine[];
  readonly notRehearsed: readonly NotRehearsed[];
}

/** One page, without anything from elsewhere. */
export function formatRehearsal(report: RehearsalReport): string {
  const { environment, time, passed, steps, machines, notRehearsed } = report;
  const rows = steps.map(({ title, outcome, said, ms, evidence }) => {
    const lines = evidence.length === 0 ? '' : `<pre>${escaped(evidence.join('\n'))}</pre>`;
    return `<tr class="${outcome.replace(' ', '-')}"><td>${escaped(title)}</td><td>${outcome}</td><td>${(ms / 1000).toFixed(1)} s</td><td>${escaped(said)}${lines}</td></tr>`;
  });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Rehearsal of ${escaped(environment)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid #ddd }
.failed { background: #fdecea } .not-reached { color: #777 } pre { white-space: pre-wrap; font-size: 12px }
</style>
<h1>Rehearsal of ${escaped(environment)}: ${passed ? 'passed' : 'failed'}</h1>
<p>${escaped(time)}</p>
<table><tr><th>Step</th><th>Outcome</th><th>Time</th><th></th></tr>
${rows.join('\n')}
</table>
<h2>Machines</h2>
<table><tr><th>Node</th><th>Instance</th><th>Memory</th></tr>
${machines.map(({ node, instance, memoryMiB }) => `<tr><td>${escaped(node)}</td><td>${escaped(instance)}</td><td>${memoryMiB === undefined ? 'unknown' : `${memoryMiB} MiB`}</td></tr>`).join('\n')}
</table>
<h2>Not rehearsed</h2>
<ul>
${notRehearsed.map(({ what, why }) => `<li><b>${escaped(what)}</b>: ${escaped(why)}</li>`).join('\n')}
</ul>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
