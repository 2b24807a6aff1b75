/** The registry of push servers: one suite for the one in memory and the one in MongoDB (here on the stand-in, not a replica set). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryRegistry } from '../../programs/push-server/sharing/memory-registry.ts';
import { connectMongoRegistry } from '../../programs/push-server/sharing/mongo-registry.ts';
import type { Registry } from '../../programs/push-server/sharing/registry.ts';
import type { PushSubscription } from '../../programs/push-server/subscription.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

function subscription(name: string, endpoint = 'https://e.example.org/'): PushSubscription {
  return {
    name,
    topic: '/projects/P/topics/T',
    type: 'http_endpoint',
    endpoint,
    maxMessages: 1,
    authorization: '',
    retry: { type: 'linear', periodMs: 3_000 },
    base64Decode: false,
    username: '',
    channel: '',
  };
}

function contract(open: () => Promise<Registry>): void {
  let registry: Registry;
  const ownerOf = async (name: string) => (await registry.places()).find((place) => place.name === name)?.owner;
  beforeAll(async () => {
    registry = await open();
  });
  afterAll(() => registry?.close());

  it('activates once, also when twenty ask at the same moment', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => registry.activate(subscription('/race'))));
    expect(asked.filter(Boolean)).toHaveLength(1);
    expect((await registry.find('/race'))?.subscription).toEqual(subscription('/race'));
  });

  it('gives a free subscription to one of several that claim it', async () => {
    await registry.activate(subscription('/claimed'));
    const sessions = Array.from({ length: 10 }, (_, index) => `s${index}`);
    await Promise.all(sessions.map((session) => registry.claim(['/claimed'], [], session)));
    const winners = [];
    for (const session of sessions) if ((await registry.read(['/claimed'], session)).length > 0) winners.push(session);
    expect(winners).toEqual([await ownerOf('/claimed')]);
  });

  it('takes from the dead that are named, and from nobody else', async () => {
    await registry.activate(subscription('/owned'));
    await registry.claim(['/owned'], [], 'one');
    await registry.claim(['/owned'], ['other'], 'two');
    expect(await ownerOf('/owned')).toBe('one');
    await registry.claim(['/owned'], ['other', 'one'], 'two');
    expect(await ownerOf('/owned')).toBe('two');
  });

  it('releases what the session holds, and nothing that was taken from it', async () => {
    await registry.activate(subscription('/released'));
    await registry.claim(['/released'], [], 'one');
    await registry.release(['/released'], 'two');
    expect(await ownerOf('/released')).toBe('one');
    await registry.release(['/released'], 'one');
    expect(await ownerOf('/released')).toBe('');
  });

  it('keeps a deactivated subscription until its holder lets go, and activates it anew under the same holder', async () => {
    await registry.activate(subscription('/off'));
    await registry.claim(['/off'], [], 'one');
    const before = await registry.find('/off');
    expect(await registry.deactivate('/off')).toBe(true);
    expect(await registry.deactivate('/off')).toBe(false);
    expect(await registry.find('/off')).toBeUndefined();
    expect(await ownerOf('/off')).toBe('one');
    await registry.claim(['/off'], ['one'], 'two');
    expect(await ownerOf('/off')).toBe('one');
    expect(await registry.activate(subscription('/off', 'https://other.example.org/'))).toBe(true);
    const [after] = await registry.read(['/off'], 'one');
    expect(after?.revision).not.toBe(before?.revision);
    expect(after?.subscription.endpoint).toBe('https://other.example.org/');
    await registry.deactivate('/off');
    await registry.release(['/off'], 'one');
    expect(await ownerOf('/off')).toBeUndefined();
  });

  it('sweeps what was deactivated under a holder that died, and what nobody held goes at once', async () => {
    await registry.activate(subscription('/swept'));
    await registry.claim(['/swept'], [], 'dead');
    await registry.deactivate('/swept');
    await registry.sweep([]);
    expect(await ownerOf('/swept')).toBe('dead');
    await registry.sweep(['dead']);
    expect(await ownerOf('/swept')).toBeUndefined();
    await registry.activate(subscription('/unheld'));
    await registry.deactivate('/unheld');
    expect(await ownerOf('/unheld')).toBeUndefined();
  });

  it('changes and deactivates only the revision that was looked at', async () => {
    await registry.activate(subscription('/revised'));
    const first = (await registry.find('/revised'))?.revision ?? '';
    expect(await registry.replace(subscription('/revised', 'https://new.example.org/'), first)).toBe(true);
    expect(await registry.replace(subscription('/revised'), first)).toBe(false);
    expect(await registry.deactivate('/revised', first)).toBe(false);
    expect((await registry.find('/revised'))?.subscription.endpoint).toBe('https://new.example.org/');
  });

  it('keeps the state of deliveries from their holder alone', async () => {
    await registry.activate(subscription('/state'));
    await registry.claim(['/state'], [], 'one');
    await registry.report([{ name: '/state', status: 'bad', intervalMs: 8_000 }], 'two');
    expect((await registry.find('/state'))?.status).toBe('');
    await registry.report([{ name: '/state', status: 'bad', intervalMs: 8_000 }], 'one');
    expect(await registry.find('/state')).toMatchObject({ status: 'bad', intervalMs: 8_000, owner: 'one' });
    await registry.report([], 'one');
  });

  it('lets a session live by its beats, and be buried once, by who saw the last', async () => {
    await registry.join('x');
    expect(await registry.beat('x', 0)).toBe(true);
    expect(await registry.beat('x', 0)).toBe(false);
    expect(await registry.bury('x', 0)).toBe(false);
    expect((await registry.look()).sessions).toContainEqual({ id: 'x', beat: 1 });
    const buried = await Promise.all([registry.bury('x', 1), registry.bury('x', 1), registry.bury('x', 1)]);
    expect(buried.filter(Boolean)).toHaveLength(1);
    expect(await registry.beat('x', 1)).toBe(false);
    await registry.join('y');
    await registry.leave('y');
    expect((await registry.look()).sessions.map(({ id }) => id)).not.toContain('y');
  });

  it('counts every change of places, after it is there to be read', async () => {
    const count = async () => (await registry.look()).changes;
    const seen = [await count()];
    const after = async (change: Promise<unknown>) => {
      await change;
      seen.push(await count());
    };
    await after(registry.activate(subscription('/counted')));
    const revision = (await registry.find('/counted'))?.revision ?? '';
    await after(registry.replace(subscription('/counted', 'https://n.example.org/'), revision));
    await registry.claim(['/counted'], [], 'one');
    await after(registry.release(['/counted'], 'one'));
    await after(registry.deactivate('/counted'));
    expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b));
  });

  it('activates a thousand at once, but for those that are active, and moves them', async () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `/many/${index}`);
    await registry.activate(subscription('/many/7', 'https://first.example.org/'));
    await registry.activateAll(names.map((name) => subscription(name)));
    expect((await registry.find('/many/7'))?.subscription.endpoint).toBe('https://first.example.org/');
    await registry.claim(names, [], 'three');
    expect(await registry.read(names, 'three')).toHaveLength(1_000);
    await registry.claim(names, ['three'], 'four');
    expect(await registry.read(names, 'four')).toHaveLength(1_000);
    await registry.release(names, 'four');
    expect((await registry.places()).filter(({ owner }) => owner === 'four')).toEqual([]);
  });
}

describe('the registry in memory', () => contract(async () => createMemoryRegistry()));

requires('java', 'maven').describe('the registry in MongoDB', () => {
  let standIn: StandIn;
  beforeAll(async () => {
    standIn = await startStandIn();
  });
  afterAll(() => standIn?.stop());
  contract(() => connectMongoRegistry({ storeHost: standIn.storeHost, database: 'push', warn: () => {} }));
});
