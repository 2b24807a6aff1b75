/**
 * `ensemble rehearse staging`, whole, as a person types it: from nothing to nothing. Asserted is what the report says of each step, what must be true of it
 * (another machine and the same volume; a refusal and its reason), and that nothing is left in the kernel's eyes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { hostsOf } from '../../drivers/hosts/hosts.ts';
import type { RehearsalReport } from '../../operations/rehearse/report.ts';
import { rehearsalSteps } from '../../operations/rehearse/steps.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { findPluginDirectory } from '../integration/terraform-plugins.ts';
import { requires } from '../requirements.ts';
import { tellFigures } from './figures.ts';

const needed = [
  'root',
  'linux',
  'nspawn',
  'nft',
  'moto',
  'java',
  'maven',
  'debianIndex',
  'terraform',
  'aws-provider',
] as const;
const { describe, it } = requires(...needed);
const minute = 60_000;
const boundMs = 40 * minute;

describe('a rehearsal of staging', () => {
  let folder: string;
  let status: number | null;
  let said = '';
  let report: RehearsalReport;
  let page: string;
  let seconds: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-rehearse-'));
    const begun = performance.now();
    ({ status, said } = await rehearse(folder));
    seconds = (performance.now() - begun) / 1_000;
    const state = join(folder, '.ensemble', 'staging');
    report = JSON.parse(await readFile(join(state, 'rehearsal.json'), 'utf8')) as RehearsalReport;
    page = await readFile(join(state, 'rehearsal.html'), 'utf8');
  }, boundMs);
  afterAll(async () => {
    await hostsOf(join(folder, '.ensemble', 'staging')).down({ purge: true });
    await rm(folder, { recursive: true, force: true });
  });

  const stepOf = (id: string) => report.steps.find((step) => step.id === id)?.said ?? '';

  it('does every step, says so, and ends with status 0', async () => {
    expect(report.steps.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
    expect(report.steps.map(({ id }) => id)).toEqual([...rehearsalSteps.map(({ id }) => id), 'down']);
    expect([status, report.passed], said.slice(-4_000)).toEqual([0, true]);
    const times = report.steps.map(({ id, ms }) => `${id} ${Math.round(ms / 1_000)}`).join(', ');
    const figures = `${(seconds / 60).toFixed(1)} minutes in all; seconds by step: ${times}.`;
    await tellFigures('test/long/rehearse.test.ts', figures);
  });

  it('delivers each message through both load balancers', () => {
    expect(stepOf('messages')).toMatch(/^2000 published through .+ and .+, all delivered/);
  });

  it('breaks the machine of a leader in two ways while it is written to, and judges that nothing was lost', () => {
    for (const scenario of ['machine-leader-kill', 'machine-leader-isolate'])
      expect(stepOf('faults')).toMatch(
        new RegExp(`${scenario}: all [1-9]\\d* records that were acknowledged are there`),
      );
  });

  it('gives a worker another machine with its address, volume, broker id and data', () => {
    const [, before, after] = /(i-[0-9a-f]+) became (i-[0-9a-f]+);/.exec(stepOf('refresh')) ?? [];
    expect(before).toBeDefined();
    expect(after).not.toBe(before);
    expect(stepOf('refresh')).toMatch(/10\.20\.\d+\.\d+, vol-[0-9a-f]+, the broker’s id and its data stayed$/);
  });

  it('enlarges the workers by one, which gets partitions', () => {
    expect(stepOf('scale-out')).toMatch(/^worker-4: \d+ resources, all its own; i-[0-9a-f]+ is broker 4$/);
    expect(stepOf('spread')).toMatch(/worker-4 held 0 replicas, and holds [1-9]\d*$/);
  });

  it('lets a worker go, which is refused while it holds replicas, and ends its machine and its volume', () => {
    expect(stepOf('leaving')).toMatch(/`ensemble retire` refused, since it holds [1-9]\d* replicas of partitions$/);
    expect(stepOf('emptied')).toMatch(/^worker-4 held [1-9]\d* replicas, .+, and holds nothing$/);
    expect(stepOf('retired')).toMatch(
      /all its own; its machine and vol-[0-9a-f]+ are gone, 15 other machines as they were$/,
    );
  });

  it('loses no record that was acknowledged on the way', () => {
    const [, records] = /^all (\d+)/.exec(stepOf('kept')) ?? [];
    expect(Number(records)).toBeGreaterThan(1_000);
  });

  it('names on its page what was done and what was not rehearsed', () => {
    expect(page).toContain('Rehearsal of staging: <span>passed</span>');
    expect(report.notRehearsed.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['MongoDB as a replica set', 'push subscriptions']),
    );
    expect(report.machines.length).toBeGreaterThanOrEqual(12);
  });

  it('leaves nothing: no process, control group, mount or device, and no local AWS', async () => {
    expect(await hostsOf(join(folder, '.ensemble', 'staging')).leftovers()).toEqual([]);
  });
});

/** In a folder of its own, where its archives are made and its state lies. */
async function rehearse(folder: string): Promise<{ readonly status: number | null; readonly said: string }> {
  await mkdir(folder, { recursive: true });
  const plugins = findPluginDirectory() ?? '';
  const environment = join(installationRoot(), 'environments', 'staging.yaml');
  const words = ['rehearse', environment, '--timeout', '900', '--plugin-dir', plugins];
  const child = spawn(process.execPath, [join(installationRoot(), 'bin', 'ensemble.js'), ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-100_000);
    });
  // An interrupt takes everything down, which an end by force would leave.
  const limit = setTimeout(() => child.kill('SIGINT'), boundMs - 2 * minute);
  const [status]: readonly unknown[] = await once(child, 'close');
  clearTimeout(limit);
  return { status: typeof status === 'number' ? status : null, said };
}
