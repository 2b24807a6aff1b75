/**
 * The short matrix on real ZooKeeper and Kafka: what was predicted to stay stays, with every seed; negative controls lose and are caught. Five minutes on a quiet
 * machine; its verdicts need one that is not busy with other things.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { ScenarioReport } from '../../chaos/scenario-report.ts';
import { readEntries } from '../../drivers/journal.ts';
import { type PlatformFixture, platformFixture } from '../integration/platform-fixture.ts';
import { requires } from '../requirements.ts';

const { describe, it } = requires('java', 'linux');

const minute = 60_000;

describe('the short matrix of chaos on three masters and three workers', () => {
  let platform: PlatformFixture;

  beforeAll(async () => {
    const kafkaSettings = 'zookeeper.session.timeout.ms: 6000';
    platform = await platformFixture(92, { masters: 3, workers: 3, kafkaSettings });
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
  });
  afterAll(async () => {
    await platform.dispose();
  });

  it('keeps what was predicted to stay, with every seed, and finds the losses of the negative controls', {
    // It is to end within them on two cores; some five and a half are usual.
    timeout: 8 * minute,
  }, async () => {
    const junit = join(platform.folder, 'junit.xml');
    const { status, stdout, stderr } = await platform.run([
      'chaos',
      'matrix',
      '--seed',
      '1',
      '--junit',
      junit,
      '--json',
    ]);
    const { reports } = JSON.parse(stdout) as { readonly reports: readonly ScenarioReport[] };
    const by = new Map(reports.map((report) => [report.scenario, report]));
    const lost = (scenario: string) => by.get(scenario)?.runs.map(({ verdict }) => verdict.counts.lost);
    const told = reports
      .flatMap(({ scenario, reasons }) => reasons.map((reason) => `${scenario}: ${reason}`))
      .join('\n');

    expect(lost('safe-leader-kill'), told).toEqual([0, 0, 0]);
    expect(by.get('control-acks-1')?.detected, told).toBeGreaterThanOrEqual(2);
    expect(by.get('control-unclean')?.detected, told).toBeGreaterThanOrEqual(2);
    expect(Object.fromEntries(reports.map(({ scenario, verdict }) => [scenario, verdict])), told + stderr).toEqual({
      'control-acks-1': 'pass',
      'control-unclean': 'pass',
      'masters-two-down': 'pass',
      'safe-beyond-f': 'pass',
      'safe-leader-kill': 'pass',
    });
    expect(status).toBe(0);
    expect(await readFile(junit, 'utf8')).toContain(
      '<testsuite name="safe-leader-kill" tests="3" failures="0" errors="0"',
    );
    expect(await readEntries(join(platform.folder, 'state', 'test', 'faults'))).toEqual([]);
  });
});
