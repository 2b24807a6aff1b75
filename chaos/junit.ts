/**
 * Runs as JUnit's XML, which CI systems read: a suite a scenario, a case a run. Inconclusive is an error there, since it must not pass.
 * Source: the schema that Jenkins' xunit plugin publishes.
 */
import { escaped } from './markup.ts';
import type { Verdict } from './verdict.ts';

export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly { readonly name: string; readonly verdict: Pick<Verdict, 'verdict' | 'reasons'> }[];
}

export function formatJunit(suites: readonly JunitSuite[]): string {
  const body = suites.map(({ name, cases }) => {
    const count = (kind: Verdict['verdict']) => cases.filter(({ verdict }) => verdict.verdict === kind).length;
    const counts = `tests="${cases.length}" failures="${count('fail')}" errors="${count('inconclusive')}" skipped="${count('skipped')}"`;
    const lines = cases.map((each) => {
      const inner = outcomes[each.verdict.verdict];
      const open = `    <testcase classname="chaos.${escaped(name)}" name="${escaped(each.name)}"`;
      if (inner === undefined) return `${open}/>`;
      const why = escaped(each.verdict.reasons.join('\n'));
      return `${open}>\n      <${inner} message="${escaped(each.verdict.reasons[0] ?? '')}">${why}</${inner}>\n    </testcase>`;
    });
    return `  <testsuite name="${escaped(name)}" ${counts}>\n${lines.join('\n')}\n  </testsuite>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('\n')}\n</testsuites>\n`;
}

const outcomes: Readonly<Record<Verdict['verdict'], string | undefined>> = {
  pass: undefined,
  fail: 'failure',
  inconclusive: 'error',
  skipped: 'skipped',
};
