/** docs/topics.svg: how a terminal's text becomes a picture, tried on small texts; and that what is committed has what the guide says of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createColors } from 'picocolors';
import { describe, expect, it } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { drawTerminal } from '../../scripts/generate-terminal-picture/draw.ts';

const colors = createColors(true);
const draw = (text: string) => drawTerminal({ title: 'a run', text });

/** Each run of text with its class, column by column. */
function runsOf(svg: string) {
  const runs = [
    ...svg.matchAll(/<text(?: class="([^"]*)")? x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>([^<]*)</g),
  ];
  return runs.map(([, look = '', x, y, length, text]) => ({
    look,
    x: Number(x),
    y: Number(y),
    length: Number(length),
    text,
  }));
}

describe('a terminal’s text as a picture', () => {
  it('keeps colours and weights as classes that the picture styles', () => {
    const svg = draw(`${colors.red('blocked')} ${colors.bold('1 of 2')} ${colors.dim('a risk')} plain`);
    expect(runsOf(svg).map(({ look, text }) => [look, text])).toEqual([
      ['ansi-red', 'blocked'],
      ['bold', '1 of 2'],
      ['dim', 'a risk'],
      ['', 'plain'],
    ]);
    for (const look of ['ansi-red', 'bold', 'dim']) expect(svg).toContain(`  .${look} {`);
  });

  it('puts the same column of two lines at the same place, whatever stands before it', () => {
    const [, first, , second] = runsOf(draw('one    here\nn six  here'));
    expect(first).toMatchObject({ text: 'here', x: second?.x });
    expect(second?.y).toBeGreaterThan(first?.y ?? 0);
    expect(first?.length).toBeCloseTo(4 * 7.8, 0);
  });

  it('counts columns of text and not of its escapes', () => {
    const plain = runsOf(draw('a    b')).at(-1);
    expect(runsOf(draw(`${colors.green('a')}    b`)).at(-1)).toEqual(plain);
  });

  it('escapes what XML reads, and says all of it in words for those who do not see', () => {
    const svg = draw('3 -> 6 & <more>');
    expect(svg).toContain('<desc id="words">3 -&gt; 6 &amp; &lt;more&gt;</desc>');
    expect(runsOf(svg).map(({ text }) => text)).toEqual(['3 -&gt; 6 &amp; &lt;more&gt;']);
  });
});

describe('docs/topics.svg', () => {
  const picture = readFileSync(join(installationRoot(), 'docs/topics.svg'), 'utf8');
  const [, words = ''] = /<desc id="words">([\s\S]*?)<\/desc>/.exec(picture) ?? [];

  it('shows a plan with each kind of change and one that is blocked, an apply, and a status, with their exit statuses', () => {
    const actions = ['create', 'add partitions', 'move replicas', 'change settings', 'blocked'];
    for (const action of actions) expect(words).toMatch(new RegExp(`^${action} +\\S`, 'm'));
    const statuses = [...words.matchAll(/^(?:\$ ensemble (.*)|exit status (\d))$/gm)].map(
      ([, run, status]) => run ?? status,
    );
    expect(statuses).toEqual(['topics plan', '3', 'topics apply --yes', '3', "topics status 'monitoring.*'", '0']);
    expect(words).toMatch(/^(\d+) of \1 changes made\.$/m);
  });

  it('is drawn as the program draws, and fetches nothing', () => {
    const frame = /<style>[\s\S]*?<\/style>/;
    expect(frame.exec(picture)?.[0]).toBe(frame.exec(draw('x'))?.[0]);
    expect(picture.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\(|@import|href/);
  });
});
