/** HAProxy as a process of the driver: it finishes what is under way, leaves nothing behind when its master is killed, and is found without a record. */
import { rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { afterEach, beforeEach, expect } from 'vitest';
import { recordFile } from '../../drivers/processes/layout.ts';
import { tryListen } from '../../drivers/processes/ports.ts';
import { requires } from '../requirements.ts';
import { type BalancedNodes, balancedNodes } from './balanced-nodes.ts';
import { type BalancerFixture, balancer, balancerFixture, targetOf } from './balancer-fixture.ts';
import { ask, type Target } from './balancer-load.ts';
import { eventually } from './platform-fixture.ts';

requires('haproxy').describe('the process of a balancer', () => {
  const { it } = requires('haproxy');
  const signal = new AbortController().signal;
  let fixture: BalancerFixture;
  let nodes: BalancedNodes;
  let target: Target;

  beforeEach(async () => {
    fixture = await balancerFixture(64, { api: [1] });
    nodes = balancedNodes(fixture);
    await nodes.start('api-1');
    await start();
    target = await targetOf(fixture);
  });
  afterEach(async () => {
    await nodes.dispose();
    await fixture.dispose();
  });

  async function start(): Promise<void> {
    expect(await fixture.driver().start(balancer)).toEqual({ started: true });
    await fixture.driver().ready(balancer, { timeoutMs: 20_000, signal });
  }

  async function pid(): Promise<number> {
    const found = (await fixture.driver().status()).find(({ service }) => service === balancer.service)?.pid;
    if (found === undefined) throw new Error('the balancer does not run');
    return found;
  }

  it('that is stopped finishes the requests that it has', async () => {
    const slow = ask(target, 'publish', { delayMs: 3_000 });
    await eventually('the request is under way', 10_000, () => nodes.received().length === 1);
    expect(await fixture.driver().stop(balancer)).toEqual({ outcome: 'stopped' });
    expect((await slow).status).toBe(200);
    expect((await ask(target, 'read')).fault).toMatch(/ECONNREFUSED/);
  });

  it('whose master is killed leaves no worker, and the next start serves', async () => {
    // A worker of before a reload that still has a request, and the one of after it.
    const kept = new Agent({ keepAlive: true });
    const slow = ask(target, 'read', { delayMs: 5_000, agent: kept });
    await eventually('the request is under way', 10_000, () => nodes.received().length === 1);
    expect(await fixture.driver().reload(balancer)).toBe(true);
    process.kill(await pid(), 'SIGKILL');
    await eventually(
      'its port is free',
      10_000,
      async () => (await tryListen(target.host, target.port)).kind === 'free',
    );
    expect((await slow).status).toBeUndefined();
    const after = (await fixture.driver().status()).find(({ service }) => service === balancer.service);
    expect(after).toMatchObject({ state: 'failed', pid: undefined });
    expect(await fixture.driver().strays()).toEqual([]);
    await start();
    expect((await ask(target, 'publish')).status).toBe(200);
    kept.destroy();
  });

  it('whose record is lost is found again: its master, not a worker, also after a reload', async () => {
    const master = await pid();
    for (const reloads of [0, 1]) {
      for (let turn = 0; turn < reloads; turn += 1) await fixture.driver().reload(balancer);
      await rm(recordFile(fixture.stateDirectory, balancer));
      expect(await fixture.driver().start(balancer)).toEqual({ started: false });
      expect(await pid()).toBe(master);
    }
    expect(await fixture.driver().stop(balancer)).toEqual({ outcome: 'stopped' });
    expect((await tryListen(target.host, target.port)).kind).toBe('free');
  });
});
