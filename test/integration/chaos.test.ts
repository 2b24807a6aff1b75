/** A run that is interrupted or killed leaves nothing broken behind it, on real ZooKeeper and Kafka. The short matrix is alone, after the others. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { connect } from '../../clients/kafka/connection.ts';
import { readEntries } from '../../drivers/journal.ts';
import type { StatusReport } from '../../operations/status.ts';
import { requires } from '../requirements.ts';
import { eventually, type PlatformFixture, platformFixture } from './platform-fixture.ts';

const { describe, it } = requires('java', 'linux');

const bootstrap = [101, 102, 103].map((host) => `127.0.92.${host}:9092`);
const minute = 60_000;

describe('chaos on three masters and three workers', () => {
  let platform: PlatformFixture;
  let state: string;

  const status = async () => (await platform.json<StatusReport>(['status'])).services;
  const topics = async () => {
    const connection = await connect({ bootstrap, clientId: 'test' });
    try {
      return (await connection.metadata()).topics
        .map(({ topic }) => topic)
        .filter((topic) => topic.startsWith('chaos.'));
    } finally {
      await connection.close();
    }
  };
  const expectNothingLeft = async () => {
    expect(await readEntries(join(state, 'faults'))).toEqual([]);
    await eventually('every service runs', minute, async () =>
      (await status()).every((each) => each.state === 'running'),
    );
    await eventually('the run’s own topic is gone', minute, async () => (await topics()).length === 0);
  };
  /** Starts a run, and returns once it has told of its first fault. */
  const running = async (scenario: string) => {
    let [pid, said] = [0, ''];
    const ended = platform.run(['chaos', 'run', scenario, '--seed', '5'], {
      onStart: (started) => (pid = started),
      onText: (text) => (said += text),
    });
    await eventually(`a fault is injected by ${scenario}`, minute, () =>
      /SIG[A-Z]+ to \S+ on \S+ \(pid \d+\)/.test(said),
    );
    const target = Number(/\(pid (\d+)\)/.exec(said)?.[1]);
    return { pid, target, ended };
  };
  const processState = async (pid: number) =>
    (await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.[0];

  beforeAll(async () => {
    platform = await platformFixture(92, {
      masters: 3,
      workers: 3,
      kafkaSettings: 'zookeeper.session.timeout.ms: 6000',
    });
    state = join(platform.folder, 'state', 'test');
    const up = await platform.run(['up', '--no-messages']);
    expect(up.status, up.stderr + up.stdout).toBe(0);
  });
  afterAll(async () => {
    await platform.dispose();
  });

  it('is skipped and never passes where the environment has no messaging API for it; and no matrix is no table', async () => {
    const junit = join(platform.folder, 'junit.xml');
    const skipped = await platform.run(['chaos', 'run', 'api-node-kill', '--seed', '1', '--junit', junit]);
    expect([skipped.status, skipped.stdout]).toEqual([2, expect.stringContaining('the environment has none')]);
    expect(await readFile(junit, 'utf8')).toContain('<skipped message="it goes through the messaging API');
    for (const wrong of [['--driver', 'gcp'], ['--again', '-1'], ['--party']]) {
      const { status: exit } = await platform.run(['chaos', 'run', 'safe-leader-kill', ...wrong]);
      expect([wrong, exit], 'no scenario has failed').toEqual([wrong, 3]);
    }
    expect((await platform.run(['chaos', 'run', '--help'])).status).toBe(0);
    const named = await platform.run(['chaos', 'matrix', 'api-node-kill', '--seed', '1', '--json']);
    const { reports } = JSON.parse(named.stdout) as { readonly reports: readonly unknown[] };
    expect([named.status, reports]).toEqual([2, [expect.objectContaining({ scenario: 'api-node-kill' })]]);
    const unknown = await platform.run(['chaos', 'matrix', 'party']);
    expect([unknown.status, unknown.stderr]).toEqual([3, expect.stringContaining('CHAOS_NO_SUCH_SCENARIO')]);
    const none = await platform.run(['chaos', 'summary', '--long']);
    expect([none.status, none.stderr]).toEqual([3, expect.stringContaining('ensemble chaos matrix --long')]);
  });

  it('is interrupted before its readers have joined: nothing was broken, and nothing is left', async () => {
    let pid = 0;
    const { status: exit, stderr } = await platform.run(['chaos', 'run', 'safe-leader-kill', '--seed', '5'], {
      onStart: (started) => (pid = started),
      onText: (text) => {
        // As a terminal does that goes away.
        if (text.includes('Predicted:')) process.kill(pid, 'SIGHUP');
      },
    });
    expect(exit, stderr).toBe(130);
    await expectNothingLeft();
    await rm(join(state, 'chaos'), { recursive: true });
  });

  it('is interrupted: the run heals what it broke, and its history says how it ended', async () => {
    const { pid, ended } = await running('safe-leader-kill');
    process.kill(pid, 'SIGINT');
    const { status: exit, stderr } = await ended;
    expect(exit, stderr).toBe(130);
    await expectNothingLeft();
    const [run] = await readdir(join(state, 'chaos'));
    const file = join(state, 'chaos', run ?? '', 'history.jsonl');
    expect((await readFile(file, 'utf8')).trimEnd().split('\n').at(-1)).toContain('"interrupted"');
    expect((await platform.run(['chaos', 'check', file])).status, 'no proof of anything').toBe(2);
  });

  it('is killed while a leader stands still: the next command makes it go on', async () => {
    const { pid, target, ended } = await running('safe-leader-pause');
    await eventually('the leader stands still', minute, async () => (await processState(target)) === 'T');
    process.kill(pid, 'SIGKILL');
    await ended;
    expect(await processState(target)).toBe('T');
    const next = await platform.run(['status']);
    expect(next.stderr).toContain('healed what a chaos run had left: SIGSTOP to kafka');
    expect(await processState(target)).not.toBe('T');
    await expectNothingLeft();
  });

  it('is killed while a broker is down: `ensemble chaos heal` starts it until it serves, and has nothing to do after', async () => {
    const { pid, target, ended } = await running('safe-leader-kill');
    await eventually('the leader is gone', minute, async () => [undefined, 'Z'].includes(await processState(target)));
    process.kill(pid, 'SIGKILL');
    await ended;
    const healed = await platform.run(['chaos', 'heal']);
    expect([healed.status, healed.stdout]).toEqual([0, expect.stringContaining('SIGKILL to kafka')]);
    // A broker is refused until its session at ZooKeeper has ended: healed means that it was started anew until it served.
    expect((await status()).filter((each) => each.state !== 'running')).toEqual([]);
    expect((await platform.run(['chaos', 'heal'])).stdout).toBe('nothing is broken on purpose\n');
    await expectNothingLeft();
  });
});
