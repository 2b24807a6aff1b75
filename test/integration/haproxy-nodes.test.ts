/**
 * HAProxy in front of API nodes that leave, return and are killed, under load: what a client sees of it. Its checks and retries are those that are
 * rendered; the nodes run the messaging API's own server.
 */
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { allNodes } from '../../cluster/resolve.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { type BalancedNodes, balancedNodes } from './balanced-nodes.ts';
import { type BalancerFixture, balancer, balancerFixture, targetOf } from './balancer-fixture.ts';
import { ask, failed, startLoad, type Target } from './balancer-load.ts';
import { eventually } from './platform-fixture.ts';

requires('haproxy').describe('API nodes behind HAProxy', () => {
  const { it } = requires('haproxy');
  const signal = new AbortController().signal;
  let fixture: BalancerFixture;
  let nodes: BalancedNodes;
  let target: Target;

  beforeAll(async () => {
    fixture = await balancerFixture(62, { api: [1, 2] });
    nodes = balancedNodes(fixture);
    await Promise.all([nodes.start('api-1'), nodes.start('api-2')]);
    await fixture.driver().run(balancer, 'check', signal);
    await fixture.driver().start(balancer);
    await fixture.driver().ready(balancer, { timeoutMs: 20_000, signal });
    target = await targetOf(fixture);
  });
  afterAll(async () => {
    await nodes.dispose();
    await fixture.dispose();
  });

  /** Until requests go to exactly these nodes. */
  async function servedBy(...ids: readonly string[]): Promise<void> {
    await eventually(`served by ${ids.join(' and ')}`, 30_000, async () => {
      const asked = await Promise.all(Array.from({ length: 12 }, () => ask(target, 'read')));
      const seen = new Set(asked.map(({ node }) => node));
      return seen.size === ids.length && ids.every((id) => seen.has(id));
    });
  }

  it('a node that is told to leave under load, and comes back, costs not one request', async () => {
    await servedBy('api-1', 'api-2');
    const load = startLoad(target, 8, 5);
    await eventually('load on both', 20_000, () => new Set(load.outcomes.map(({ node }) => node)).size === 2);
    const before = load.outcomes.length;
    expect(await nodes.stop('api-1')).toBe(0);
    const stopped = load.outcomes.length;
    await nodes.start('api-1');
    await eventually('load on both again', 30_000, () =>
      load.outcomes.slice(stopped).some(({ node }) => node === 'api-1'),
    );
    const outcomes = await load.stop();
    expect(failed(outcomes)).toEqual([]);
    expect(stopped - before).toBeGreaterThan(50);
    expect(arrivedTwice(outcomes.filter(({ kind }) => kind === 'publish'))).toEqual([]);
  });

  it('a node that is killed costs the publishes that it had, and nothing else', async () => {
    await servedBy('api-1', 'api-2');
    const load = startLoad(target, 12, 40);
    await eventually('load on both', 20_000, () => new Set(load.outcomes.map(({ node }) => node)).size === 2);
    const killedAt = performance.now();
    await nodes.kill('api-1');
    await eventually('load on the other', 20_000, () => load.outcomes.filter(({ from }) => from > killedAt).length > 200);
    const outcomes = await load.stop();
    await nodes.start('api-1');
    const lost = failed(outcomes);
    expect(lost.filter(({ kind }) => kind !== 'publish')).toEqual([]);
    const received = nodes.received();
    const inFlight = new Set(received.filter(({ node }) => node === 'api-1').map(({ id }) => id));
    for (const each of lost) {
      expect(inFlight.has(each.id)).toBe(true);
      expect(each).toMatchObject({ status: 502, text: expect.stringContaining('"error"') });
      expect(each.from).toBeLessThan(killedAt);
    }
    expect(arrivedTwice(outcomes.filter(({ kind }) => kind === 'publish'))).toEqual([]);
    // The kill hit something: without that the test says nothing.
    const again = outcomes.filter(({ kind }) => kind !== 'publish');
    expect(lost.length + arrivedTwice(again).length).toBeGreaterThan(0);
  });

  function arrivedTwice(outcomes: readonly { readonly id: string }[]): readonly string[] {
    const arrivals = new Map<string, number>();
    for (const { id } of nodes.received()) arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    return outcomes.map(({ id }) => id).filter((id) => (arrivals.get(id) ?? 0) > 1);
  }
});
