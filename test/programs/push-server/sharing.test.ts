/** Leases and shares of push servers, under clocks that tests move (docs/decisions/0021-push-leases.md). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Doubt, Lease } from '../../../programs/push-server/sharing/lease.ts';
import { createMemoryRegistry } from '../../../programs/push-server/sharing/memory-registry.ts';
import type { Place } from '../../../programs/push-server/sharing/registry.ts';
import { planShare } from '../../../programs/push-server/sharing/share.ts';
import { VirtualClock } from './virtual-clock.ts';

const leaseMs = 1_000;
const place = (name: string, owner = '', active = true): Place => ({ name, owner, active, revision: 'r' });

describe('a lease', () => {
  it('is believed for less than others wait, counted from before the beat was sent', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const { beat } = registry;
    registry.beat = async (...asked) => {
      clock.leap(300); // a slow store
      return beat(...asked);
    };
    const lease = new Lease(registry, clock, leaseMs);
    expect(await lease.renew()).toBe('joined');
    expect(await lease.renew()).toBe('held');
    await clock.pass(499);
    expect(lease.isValid()).toBe(true);
    expect(lease.signal.aborted).toBe(false);
    await clock.pass(1);
    expect(lease.isValid()).toBe(false);
    expect(lease.signal.aborted).toBe(true);
  });

  it('is not valid for a process that slept through it, before any timer has fired', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const lease = new Lease(registry, clock, leaseMs);
    await lease.renew();
    clock.leap(5_000);
    expect(lease.isValid()).toBe(false);
  });

  it('stands again when nobody took it meanwhile, with a new signal', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const lease = new Lease(registry, clock, leaseMs);
    await lease.renew();
    const { session, signal } = lease;
    await clock.pass(5_000);
    expect(await lease.renew()).toBe('held');
    expect([lease.session, lease.isValid(), lease.signal.aborted]).toEqual([session, true, false]);
    expect(signal.aborted).toBe(true);
  });

  it('is another one after it was buried: what it held is lost', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const lease = new Lease(registry, clock, leaseMs);
    await lease.renew();
    const { session, signal } = lease;
    expect(await registry.bury(session, 0)).toBe(true);
    expect(await lease.renew()).toBe('joined');
    expect(lease.session).not.toBe(session);
    expect(signal.aborted).toBe(true);
  });

  it('goes on where a beat arrived and only its answer was lost', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const lease = new Lease(registry, clock, leaseMs);
    await lease.renew();
    const { session } = lease;
    await registry.beat(session, 0); // ours, unheard
    expect(await lease.renew()).toBe('held');
    expect(lease.session).toBe(session);
  });

  it('cannot be buried by who saw an older beat', async () => {
    const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
    const lease = new Lease(registry, clock, leaseMs);
    await lease.renew();
    await lease.renew();
    expect(await registry.bury(lease.session, 0)).toBe(false);
  });
});

describe('the doubt about another server', () => {
  it('needs the same beat for a whole lease, from an answer to a later question', () => {
    const doubt = new Doubt(leaseMs);
    const sessions = [{ id: 'x', beat: 4 }];
    expect(doubt.dead(sessions, 0, 400)).toEqual([]); // the answer took 400 ms: it counts from then
    expect(doubt.dead(sessions, 1_000, 1_001)).toEqual([]);
    expect(doubt.dead(sessions, 1_399, 1_400)).toEqual([]);
    expect(doubt.dead(sessions, 1_400, 1_401)).toEqual(['x']);
  });

  it('begins anew with each beat, and with a server that comes again', () => {
    const doubt = new Doubt(leaseMs);
    doubt.dead([{ id: 'x', beat: 1 }], 0, 0);
    doubt.dead([{ id: 'x', beat: 2 }], 900, 900);
    expect(doubt.dead([{ id: 'x', beat: 2 }], 1_500, 1_500)).toEqual([]);
    doubt.dead([], 1_600, 1_600);
    expect(doubt.dead([{ id: 'x', beat: 2 }], 3_000, 3_000)).toEqual([]);
  });

  it('never buries a server that still believes in its lease, whatever the delays (the rule that two never deliver the same)', async () => {
    const wait = fc.integer({ min: 0, max: 1_200 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ before: wait, send: wait, answer: wait, look: wait, renews: fc.boolean() }), {
          maxLength: 40,
        }),
        async (rounds) => {
          const [clock, registry] = [new VirtualClock(), createMemoryRegistry()];
          const { beat, look } = registry;
          let delays = { before: 0, send: 0, answer: 0, look: 0, renews: true };
          registry.beat = async (...asked) => {
            clock.leap(delays.send);
            const held = await beat(...asked);
            clock.leap(delays.answer);
            return held;
          };
          const holder = new Lease(registry, clock, leaseMs);
          await holder.renew();
          const doubt = new Doubt(leaseMs);
          for (const round of rounds) {
            delays = round;
            clock.leap(round.before);
            const session = holder.session;
            const askedMs = clock.now();
            const { sessions } = await look();
            clock.leap(round.look);
            for (const id of doubt.dead(
              sessions.filter(({ id }) => id === session),
              askedMs,
              clock.now(),
            )) {
              const seen = sessions.find((each) => each.id === id)?.beat ?? -1;
              if (await registry.bury(id, seen)) expect(holder.isValid()).toBe(false);
            }
            if (round.renews) await holder.renew();
          }
        },
      ),
    );
  });
});

describe('the shares', () => {
  const plan = (self: string, sessions: readonly string[], places: readonly Place[], held: readonly string[] = []) =>
    planShare({ self, sessions, places, held: new Map(held.map((name) => [name, 'r'])), leaving: new Set() });

  it('differ by one at most and cover everything, whoever held what before, in few rounds', () => {
    const sessions = fc.uniqueArray(fc.constantFrom('s1', 's2', 's3', 's4', 's5'), { minLength: 1 });
    const owners = fc.array(fc.constantFrom('', 's1', 's2', 's3', 's4', 's5', 'dead'), { maxLength: 60 });
    fc.assert(
      fc.property(sessions, owners, (live, before) => {
        let places = before.map((owner, index) => place(`n${index}`, owner));
        for (let round = 0; round < 3; round += 1) {
          for (const self of live) {
            const { claim, release } = plan(self, live, places);
            places = places.map((each) => {
              if (release.includes(each.name)) return { ...each, owner: '' };
              return claim.includes(each.name) ? { ...each, owner: self } : each;
            });
          }
        }
        const counts = live.map((self) => places.filter(({ owner }) => owner === self).length);
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(places.length);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('take nothing from a server that lives', () => {
    const places = [place('a', 's2'), place('b', 's2'), place('c', 's2'), place('d', 's2')];
    expect(plan('s1', ['s1', 's2'], places).claim).toEqual([]);
    expect(plan('s2', ['s1', 's2'], places).release).toHaveLength(2);
  });

  it('name what is no longer ours, what is deactivated, and what was activated anew', () => {
    const places = [place('moved', 's2'), place('off', 's1', false), { ...place('anew', 's1'), revision: 'later' }];
    const { lost, release, read } = plan('s1', ['s1', 's2'], places, ['moved', 'off', 'anew', 'vanished']);
    expect([lost, release, read]).toEqual([['moved', 'vanished'], ['off'], ['anew']]);
  });

  it('do not count what is on its way out, nor let it go twice', () => {
    const places = [place('a', 's1'), place('b', 's1'), place('c', 's1', false)];
    const leaving = new Set(['a', 'c']);
    const held = new Map([['b', 'r']]);
    const { release, read } = planShare({ self: 's1', sessions: ['s1', 's2'], places, held, leaving });
    expect([release, read]).toEqual([[], []]);
  });

  it('leave deactivated ones of the dead to be swept', () => {
    expect(plan('s1', ['s1'], [place('a', 'dead', false)])).toMatchObject({ sweep: true, dead: ['dead'], claim: [] });
    expect(plan('s1', ['s1', 's2'], [place('a', 's2', false)]).sweep).toBe(false);
  });
});
