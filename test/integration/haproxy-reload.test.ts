/**
 * HAProxy reads its files again under load: members join and leave, pulls that wait stay, certificates are renewed, and a bad configuration is refused.
 * As `up` does it: files, the check, the reload.
 */
import { appendFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { ensureCertificates } from '../../operations/certificates.ts';
import { requires } from '../requirements.ts';
import { type BalancedNodes, balancedNodes } from './balanced-nodes.ts';
import { type BalancerFixture, balancer, balancerFixture, targetOf } from './balancer-fixture.ts';
import { ask, failed, startLoad, type Target } from './balancer-load.ts';
import { eventually } from './platform-fixture.ts';

requires('haproxy').describe('a reload of HAProxy', () => {
  const { it } = requires('haproxy');
  const signal = new AbortController().signal;
  let fixture: BalancerFixture;
  let nodes: BalancedNodes;
  let target: Target;

  beforeAll(async () => {
    fixture = await balancerFixture(63, { api: [1, 2, 3] });
    nodes = balancedNodes(fixture);
    await Promise.all(['api-1', 'api-2', 'api-3'].map((id) => nodes.start(id)));
    await fixture.change({ api: [1, 2] });
    await fixture.driver().start(balancer);
    await fixture.driver().ready(balancer, { timeoutMs: 20_000, signal });
    target = await targetOf(fixture);
  });
  afterAll(async () => {
    await nodes.dispose();
    await fixture.dispose();
  });

  async function reload(): Promise<void> {
    await fixture.driver().run(balancer, 'check', signal);
    expect(await fixture.driver().reload(balancer)).toBe(true);
  }

  async function isOutdated(): Promise<boolean | undefined> {
    return (await fixture.driver().status()).find(({ service }) => service === balancer.service)?.outdated;
  }

  it('takes a member in and lets it go without one failed request, and pulls that wait stay', async () => {
    // Each waits longer than both reloads take.
    const kept = new Agent({ keepAlive: true });
    const waiting = Array.from({ length: 6 }, (_, index) =>
      ask(target, 'read', { delayMs: 12_000, ...(index % 2 === 0 ? { agent: kept } : {}) }),
    );
    const idle = new Agent({ keepAlive: true, maxSockets: 1 });
    expect((await ask(target, 'publish', { agent: idle })).status).toBe(200);
    const load = startLoad(target, 8, 5);
    const servedByThird = () => load.outcomes.filter(({ node }) => node === 'api-3').length;
    await eventually('load', 20_000, () => load.outcomes.length > 100);
    expect(servedByThird()).toBe(0);

    await fixture.change({ api: [1, 2, 3] });
    expect(await isOutdated()).toBe(true);
    await reload();
    expect(await isOutdated()).toBe(false);
    await eventually('load on the third', 20_000, () => servedByThird() > 20);

    await fixture.change({ api: [1, 2] });
    await reload();
    const left = load.outcomes.length;
    await eventually('load on the others', 20_000, () => load.outcomes.length > left + 200);
    expect(load.outcomes.slice(left + 100).filter(({ node }) => node === 'api-3')).toEqual([]);
    // Idle through both reloads: the worker of before answers its next request, of whatever kind, and only then closes.
    const reused = await ask(target, 'publish', { agent: idle });
    expect(reused.status).toBe(200);
    expect(failed(await load.stop())).toEqual([]);
    expect(failed(await Promise.all(waiting))).toEqual([]);
    kept.destroy();
    idle.destroy();
  });

  it('with a configuration that HAProxy refuses does not come to it: the check says why, and the one before serves', async () => {
    await fixture.change({ api: [1, 2, 3] });
    const file = `${fixture.stateDirectory}/nodes/balancer-1/haproxy/conf/haproxy.cfg`;
    appendFileSync(file, '  timeout conect 4s\n');
    await expect(fixture.driver().run(balancer, 'check', signal)).rejects.toMatchObject({
      code: 'DRIVER_JOB_FAILED',
      evidence: expect.arrayContaining([expect.stringContaining('conect')]),
    });
    expect((await ask(target, 'publish')).status).toBe(200);
    // Even where nobody checks: the reload says that it failed, and the one before serves.
    await expect(fixture.driver().reload(balancer)).rejects.toMatchObject({ code: 'DRIVER_RELOAD_FAILED' });
    expect(failed(await Promise.all(Array.from({ length: 20 }, () => ask(target, 'publish'))))).toEqual([]);
    expect(await isOutdated()).toBe(true);
    await fixture.change({ api: [1, 2] });
    await reload();
    expect((await ask(target, 'publish')).status).toBe(200);
  });

  it('shows a renewed certificate, and nobody notices', async () => {
    const before = await shownSerial(target);
    const { cluster, addressing, secrets } = fixture;
    await ensureCertificates(
      { environment: { cluster: cluster() }, addressing: addressing(), secrets },
      { renew: true },
    );
    const load = startLoad(target, 4);
    await fixture.driver().install(balancer.node);
    await reload();
    await eventually('the new certificate', 20_000, async () => (await shownSerial(target)) !== before);
    expect(failed(await load.stop())).toEqual([]);
  });
});

function shownSerial({ host, port, ca }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
