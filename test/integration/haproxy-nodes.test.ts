/**
 * HAProxy in front of API nodes that leave, return and are killed, under load: what a client sees of it. Its checks and retries are those that are
 * rendered; the nodes run the messaging API's own server.
 */
import { afterAll, beforeAll, expect } from 'vitest';
import { allNodes } from '../../cluster/resolve.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { requires } from '../requirements.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { type BalancedNodes, balancedNodes } from './balanced-nodes.ts';
import { type BalancerFixture, balancer, balancerFixture, targetOf } from './balancer-fixture.ts';
import { ask, failed, type Outcome, startLoad, type Target } from './balancer-load.ts';
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
    const load = startLoad(target, 6, 20);
    const kinds = ['publish', 'read', 'pull'] as const;
    const slow: Promise<Outcome>[] = [];
    const ends = { publish: ':publish', read: '/topics', pull: ':pull' } as const;
    const isThere = (kind: (typeof kinds)[number]) =>
      nodes.received().some(({ node, slow: isSlow, url }) => node === 'api-1' && isSlow && url.endsWith(ends[kind]));
    // One that has just come back is given little at first.
    await eventually('each kind in flight on the one to be killed', 20_000, () => {
      const absent = kinds.filter((kind) => !isThere(kind));
      slow.push(...absent.map((kind) => ask(target, kind, { delayMs: 8_000 })));
      return absent.length === 0;
    });
    const killedAt = performance.now();
    await nodes.kill('api-1');
    const deadAt = performance.now();
    await eventually(
      'load on the other',
      20_000,
      () => load.outcomes.filter(({ from }) => from > killedAt).length > 100,
    );
    const outcomes = [...(await load.stop()), ...(await Promise.all(slow))];
    await nodes.start('api-1');
    const received = nodes.received();
    const lost = failed(outcomes);
    expect(lost.filter(({ kind }) => kind !== 'publish')).toEqual([]);
    expect(lost.length).toBeGreaterThan(0);
    for (const each of lost) {
      // Not always noted by the one that was killed: it may have had no time for it.
      const arrived = received.filter(({ id }) => id === each.id).map(({ node }) => node);
      expect([[], ['api-1']]).toContainEqual(arrived);
      // On a connection that was used before, HAProxy closes without a word, as a server does that lost it (RFC 9112, 9.3.1).
      if (each.status === undefined) expect(each).toMatchObject({ fresh: false, text: '' });
      else expect(each).toMatchObject({ status: 502, text: expect.stringContaining('"error"') });
      // Whoever asked while it was being killed may have been on it too.
      expect(each.from).toBeLessThan(deadAt);
    }
    expect(arrivedTwice(outcomes.filter(({ kind }) => kind === 'publish'))).toEqual([]);
    expect(arrivedTwice(outcomes.filter(({ kind }) => kind === 'read')).length).toBeGreaterThan(0);
    expect(arrivedTwice(outcomes.filter(({ kind }) => kind === 'pull')).length).toBeGreaterThan(0);
  });

  it('a node with a certificate of another authority, or of another name, is never used', async () => {
    await servedBy('api-1', 'api-2');
    const stranger = await ensureAuthority(memoryStore(), 'balanced'); // of the same name
    const hosts = ['api-2.balanced.internal', '127.0.62.52'];
    const forged = await ensureCertificate(memoryStore(), stranger, { id: 'api-2', commonName: 'api-2', hosts });
    await nodes.stop('api-2');
    await nodes.start('api-2', { certificate: forged });
    await neverUsed('api-2');
    const own = await ensureAuthority(fixture.secrets, 'balanced');
    const other = { id: 'api-9', commonName: 'api-9', hosts: ['api-9.balanced.internal', '127.0.62.52'] };
    const misnamed = await ensureCertificate(memoryStore(), own, other);
    await nodes.kill('api-2');
    await nodes.start('api-2', { certificate: misnamed });
    await neverUsed('api-2');
    await nodes.kill('api-2');
    await nodes.start('api-2');
    await servedBy('api-1', 'api-2');
  });

  /** Asked at once after a reload, when the balancer has not checked it yet and takes it for one that serves, and once it has. */
  async function neverUsed(id: string): Promise<void> {
    expect(await fixture.driver().reload(balancer)).toBe(true);
    const refused = async () => {
      const asked = await Promise.all(Array.from({ length: 10 }, () => ask(target, 'publish')));
      expect(failed(asked)).toEqual([]);
      expect(asked.filter(({ node }) => node === id)).toEqual([]);
      const [, , status, check] = await poolRow('api', id);
      return status === 'DOWN' && check === 'L6RSP';
    };
    await eventually(`the balancer refuses the certificate of ${id}`, 20_000, refused);
  }

  /** Pool, server, status and the kind of the last check, of the statistics. */
  async function poolRow(pool: string, server: string): Promise<readonly (string | undefined)[]> {
    const node = allNodes(fixture.cluster()).find(({ id }) => id === balancer.node);
    const port = node === undefined ? 0 : fixture.addressing().port(node, 'haproxy', 'stats');
    const lines = (await (await fetch(`http://${target.host}:${port}/;csv`)).text()).split('\n');
    const columns = (lines[0] ?? '').replace('# ', '').split(',');
    const row = lines.map((line) => line.split(',')).find(([proxy, name]) => proxy === pool && name === server);
    return ['pxname', 'svname', 'status', 'check_status'].map((column) => row?.[columns.indexOf(column)]);
  }

  function arrivedTwice(outcomes: readonly { readonly id: string }[]): readonly string[] {
    const arrivals = new Map<string, number>();
    for (const { id } of nodes.received()) arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
    return outcomes.map(({ id }) => id).filter((id) => (arrivals.get(id) ?? 0) > 1);
  }
});
