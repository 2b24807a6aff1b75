/** Notes of faults of deployed nodes lie where every machine reads them: whoever comes sees what was broken by hand, and by whom, and can undo it. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ObjectsClient } from '../../clients/aws/objects.ts';
import { faultNotesKey } from '../../contracts/aws-names.ts';
import { deployedNotes } from '../../operations/aws/chaos-state.ts';
import { healDeployed } from '../../operations/aws/heal-deployed.ts';
import { withAws } from '../../operations/aws/operated.ts';
import type { DeploymentOptions } from '../../operations/deployment.ts';
import { requires } from '../requirements.ts';
import { faultWorld } from './aws-fault-world.ts';
import { withObjects } from './made-in-moto.ts';

const { describe, it } = requires('moto');

describe('notes of faults of deployed nodes', () => {
  const world = faultWorld();
  const { inject, fault, heal, standing, unitState } = world;
  const given = (stateRoot: string, told: string[]) =>
    ({
      environment: world.aws.environment.file,
      stateRoot,
      onProgress: (line) => void told.push(line),
    }) as DeploymentOptions;

  it('are seen, and healed, from any machine, and never by a command on its way', async () => {
    const entry = await inject('pause');
    const elsewhere = join(world.folder, 'another-machine');
    const listed = await fault(elsewhere, 'list');
    expect([listed.status, listed.stdout]).toEqual([0, expect.stringContaining(entry.says)]);
    const told: string[] = [];
    await withAws(world.aws, (operated) => healDeployed(operated, given(elsewhere, told)));
    const environment = join(world.folder, 'test.yaml');
    const undoes = `ensemble fault heal ${entry.id} --driver aws --environment ${environment}`;
    const said = `broken by hand by ${entry.by}: ${entry.says}; \`${undoes}\` undoes it`;
    expect([told, await unitState()]).toEqual([[said], 'paused']);
    expect((await fault(elsewhere, 'heal', entry.id)).stdout).toBe(`healed: ${entry.id}\n`);
    expect([await unitState(), await standing()]).toEqual(['active', []]);
  });

  it('of a run that is at work elsewhere keep a fault by hand from being added to what it counts', async () => {
    const run = {
      says: 'the topic of a run',
      of: 'runner',
      undo: { delete: 'topic' },
      writtenAt: new Date().toISOString(),
    };
    const elsewhere = { owner: { pid: 1, startedAt: 'another boot:1' }, by: 'ops@operators-2' };
    const held = { space: 'another machine', until: new Date(Date.now() + 300_000).toISOString() };
    const note = { id: crypto.randomUUID(), ...run, ...elsewhere, held };
    const say = (notes: unknown) =>
      withObjects(world.aws.place, (objects) => objects.write(faultNotesKey('run'), JSON.stringify(notes)));
    await say([note]);
    await expect(inject('pause')).rejects.toMatchObject({
      code: 'DRIVER_OTHERS_AT_WORK',
      message: expect.stringContaining('ops@operators-2'),
    });
    expect([await unitState(), await standing()]).toEqual(['active', []]);
    await say([]);
  });

  it('of a run that died are healed although those of others may not be read', async () => {
    const entry = await inject('pause');
    const left = { says: 'pause', of: 'driver', undo: entry.undo, owner: { pid: 1, startedAt: 'another boot:1' } };
    const note = { ...left, id: crypto.randomUUID(), writtenAt: entry.writtenAt };
    await withObjects(world.aws.place, (objects) => objects.write(faultNotesKey('run'), JSON.stringify([note])));
    const partly = (objects: ObjectsClient): ObjectsClient => ({
      ...objects,
      readTagged: async (key) => {
        if (key === faultNotesKey('hand')) throw new Error('denied');
        return await objects.readTagged(key);
      },
    });
    const told: string[] = [];
    await withAws(world.aws, ({ objects, ...operated }) =>
      healDeployed({ ...operated, objects: partly(objects) }, given(world.folder, told)),
    );
    expect([told, await unitState()]).toEqual([
      ['whether anything is broken on purpose cannot be read: denied', 'healed what a chaos run had left: pause'],
      'active',
    ]);
  });

  it('are healed beside a note that nobody can read and one that cannot be undone, which are named and stay', async () => {
    const key = faultNotesKey('hand');
    const written = () =>
      withObjects(world.aws.place, async (objects) => JSON.parse((await objects.read(key)) ?? '[]'));
    const note = { says: 'party', of: 'driver', undo: { do: 'party' } } as const;
    const stuck = await withObjects(world.aws.place, (objects) => deployedNotes(objects).byHand.write(note));
    const torn = { id: 'of-tomorrow' };
    const both = JSON.stringify([...(await written()), torn]);
    await withObjects(world.aws.place, (objects) => objects.write(key, both));
    await inject('kill');
    await expect(heal()).rejects.toMatchObject({
      code: 'OPERATIONS_FAULTS_STAND',
      evidence: [expect.stringContaining(stuck.id), expect.stringContaining(torn.id)],
    });
    expect([await unitState(), (await standing()).map(({ id }) => id)]).toEqual(['active', [stuck.id]]);
    expect(await written()).toEqual([stuck, torn]);
  });
});
