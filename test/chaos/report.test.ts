/** The page of a run: whole in itself, with what is judged in it, and no way for a history's text to become markup. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { renderReport } from '../../chaos/report.ts';
import { plotScript } from '../../chaos/report-plots.ts';
import { type Timeline, timelineOf } from '../../chaos/timeline.ts';
import { judge, type RunPlan } from '../../chaos/verdict.ts';
import { log, observe, ok, poll, send, start, unknown } from './written-history.ts';

const plan: RunPlan = {
  title: 'A <b>bold</b> title',
  partition: 0,
  prediction: { writing: 'continues', reading: 'continues', durability: 'keeps', theorem: ['One & two.'] },
  mustLose: false,
  failoverSeconds: 30,
  ratePerSecond: 100,
};
const run = observe(
  start(1, plan),
  {
    type: 'state',
    registered: [1],
    answering: [],
    partitions: [{ partition: 0, leader: 1, replicas: [1, 2], inSync: [1, 2] }],
  },
  send(1, 'a:1'),
  ok(1, 0),
  send(2, '</script><i>:1'),
  ok(2, 1),
  { type: 'fault', fault: 0, phase: 'injecting', kind: 'kill', target: 'leader', node: 'worker-1', broker: 1 },
  { type: 'state', registered: [2], answering: [], partitions: [{ partition: 0, replicas: [1, 2], inSync: [2] }] },
  { type: 'fault', fault: 0, phase: 'healed', kind: 'kill', target: 'leader', node: 'worker-1', broker: 1 },
  poll('c1', 0, 'a:1'),
  ...log(['a:1']),
);
const page = renderReport({ run, verdict: judge(run), library: 'const library = "</script>";' });

/** The names of the lines of the uppermost plot, as the page's own script hands them to the library. */
function drawnRates(timeline: Timeline): readonly string[] {
  let drawn: { legend: { data: string[] }[]; series: { name: string }[] } | undefined;
  const chart = { resize() {}, setOption: (option: typeof drawn) => (drawn = option) };
  const document = { getElementById: () => ({ style: {} }) };
  runInNewContext(plotScript, { timeline, document, addEventListener() {}, echarts: { init: () => chart } });
  const legend = drawn?.legend[0]?.data ?? [];
  return drawn?.series.flatMap(({ name }) => (legend.includes(name) ? [name] : [])) ?? [];
}

describe('the page of a run', () => {
  it('says the verdict, the seed, the command, and each operation that shows a finding', () => {
    expect(page).toContain('<span class="verdict fail">fail</span>');
    expect(page).toContain('ensemble chaos run by-hand --seed 1');
    expect(page).toContain('was acknowledged at partition 0, offset 1; the log of partition 0 ends at 1');
  });

  it('takes no silence of who had nothing to look at for a good word', () => {
    expect(page).toContain('<b>delivery</b> <span class="outcome nothing">nothing to look at</span>');
  });

  it('asks nobody for anything', () => {
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
  });

  it('lets no text of a history or a scenario become markup', () => {
    expect(page).not.toContain('<b>bold</b>');
    expect(page).not.toContain('<i>');
    expect(page.match(/<\/script>/g)).toHaveLength(2);
  });

  it('draws what failed for certain apart from what is unknown, and pushes where there are any', () => {
    const some = timelineOf(
      observe(
        start(1, plan),
        send(1, 'a:1', 2),
        { type: 'sent', op: 1, outcome: 'fail', why: 'no entrance took it' },
        send(2, 'a:3'),
        unknown(2),
        { type: 'pushed', values: ['a:1', 'a:2', 'a:3'] },
      ),
    );
    const total = (rates: readonly number[]) => rates.reduce((sum, rate) => sum + rate / 10, 0);
    expect([some.failed, some.unknown, some.pushed].map(total)).toEqual([2, 1, 3]);
    expect(drawnRates(some)).toEqual(['acknowledged', 'read', 'pushed', 'failed', 'unknown']);
    expect(drawnRates(timelineOf(run))).toEqual(['acknowledged', 'read', 'failed', 'unknown']);
  });

  it('draws what happened: faults as bars, leaders and in-sync replicas as bands that follow each other', () => {
    const { acknowledged, faults, leaders, inSync } = timelineOf(run);
    expect(acknowledged.reduce((sum, rate) => sum + rate / 10, 0)).toBe(2);
    expect(faults).toMatchObject([{ row: 'worker-1', text: 'kill on leader', from: 0.006, to: 0.008 }]);
    expect(leaders.map(({ text, from, to }) => [text, from, to])).toEqual([
      ['1', 0.001, 0.007],
      ['no leader', 0.007, 0.011],
    ]);
    expect(inSync.map(({ text, colour }) => [text, colour])).toEqual([
      ['1 2', 0],
      ['2', 1],
    ]);
  });
});
