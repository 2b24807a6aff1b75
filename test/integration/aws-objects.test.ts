/** Objects that several write at once, on moto's S3, which keeps the conditions of a write: whoever comes late is refused, and nothing of others is lost. */
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { faultNotesKey } from '../../contracts/aws-names.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { deployedNotes } from '../../operations/aws/chaos-state.ts';
import { requires } from '../requirements.ts';
import { makeBucket, withObjects } from './made-in-moto.ts';

const { describe, it } = requires('moto');

const place = { environment: 'test', account: '123456789012', region: 'eu-west-1' };

describe('objects of the environment’s bucket', () => {
  let moto: MotoServer;

  beforeAll(async () => {
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    await makeBucket(place);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto?.stop();
  });

  it('are written over what was read, and over nothing else', async () => {
    await withObjects(place, async (objects) => {
      expect(await objects.readTagged('note')).toBeUndefined();
      expect(await objects.writeIf('note', 'first', 'a tag of before')).toBe(false);
      expect(await objects.writeIf('note', 'first', undefined)).toBe(true);
      const first = await objects.readTagged('note');
      expect(first?.text).toBe('first');
      expect(await objects.writeIf('note', 'another first', undefined)).toBe(false);
      expect(await objects.writeIf('note', 'second', first?.tag)).toBe(true);
      expect(await objects.writeIf('note', 'late', first?.tag)).toBe(false);
      expect(await objects.read('note')).toBe('second');
    });
  });

  it('have the notes of all who break something at once', async () => {
    const note = { says: 'kill', of: 'driver', undo: { do: 'party' } } as const;
    await withObjects(place, async (objects) => {
      const written = await Promise.all([1, 2, 3].map(() => deployedNotes(objects).byHand.write(note)));
      const ids = async () => (await deployedNotes(objects).byHand.read()).entries.map(({ id }) => id).toSorted();
      expect(await ids()).toEqual(written.map(({ id }) => id).toSorted());
      await Promise.all(written.map((entry) => deployedNotes(objects).byHand.remove(entry)));
      expect([await ids(), await objects.read(faultNotesKey('hand'))]).toEqual([[], '[]\n']);
    });
  });

  it('are none where there is no bucket yet', async () => {
    await withObjects({ ...place, environment: 'of-tomorrow' }, async (objects) => {
      expect(await deployedNotes(objects).byRun.read()).toEqual({ entries: [], unreadable: [] });
    });
  });
});
