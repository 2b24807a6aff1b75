/**
 * Faults of deployed nodes: EC2 is moto's, the agent between is a stand-in (fake-node-agent.ts) that truly runs the scripts and has no systemd. What moto's EC2
 * does to a machine that is stopped or shut off is nothing: states and security groups are looked at, no silence.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { type InstanceControl, openInstanceControl } from '../../clients/aws/instance-control.ts';
import { faultNotesKey } from '../../contracts/aws-names.ts';
import type { PlannedFault } from '../../contracts/fault.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { deployedNotes } from '../../operations/aws/chaos-state.ts';
import { healAwsFaults, injectAwsFault, standingAwsFaults } from '../../operations/aws/faults.ts';
import { healDeployed } from '../../operations/aws/heal-deployed.ts';
import { withAws } from '../../operations/aws/operated.ts';
import type { DeploymentOptions } from '../../operations/deployment.ts';
import { acquireFileLock } from '../../platform/file-lock.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';
import { type FakeAgents, fakeAgents } from './fake-node-agent.ts';
import { endMachine, makeBucket, makeMachine, makeNetwork, rulesOf, withObjects } from './made-in-moto.ts';
import { runProgram } from './run-program.ts';

const { describe, it } = requires('moto');

const bin = join(installationRoot(), 'bin', 'ensemble.js');
const unit = 'ensemble-kafka.service';
const environmentText = (breakable: string) => `name: test
target: aws
region: eu-west-1
aws: { account: "123456789012"${breakable} }
zones: [eu-west-1a, eu-west-1b, eu-west-1c]
tolerate: 1
masters: { count: 3, machine: t3.small, volumeGiB: 10 }
workers: { count: 3, machine: t3.small, volumeGiB: 50 }
topics: topics.yaml
`;

describe('faults of deployed nodes', () => {
  let moto: MotoServer;
  let shim: Shim;
  let folder: string;
  let agents: FakeAgents;
  let aws: AwsEnvironment;
  let machine: string;
  let control: InstanceControl;
  /** What was shown to a person, and what there was in the journal and at the machine when it was. */
  let shown: PlannedFault[];

  const write = async (breakable: string) => {
    await writeFile(join(folder, 'test.yaml'), environmentText(breakable));
    aws = await openAwsEnvironment({ environment: join(folder, 'test.yaml'), environmentsDirectory: folder }, 'test');
  };
  const options = () => ({ stateRoot: folder, signal: AbortSignal.timeout(60_000) });
  const inject = (
    kind: string,
    {
      node = 'worker-1',
      agrees = true,
      service = 'kafka' as string | undefined,
      meanwhile = async (): Promise<unknown> => undefined,
    } = {},
  ) =>
    injectAwsFault(
      aws,
      {
        kind,
        node,
        service,
        confirm: async (planned, words) => {
          expect(words).toBe('break test');
          shown.push(planned);
          await meanwhile();
          return agrees;
        },
      },
      options(),
    );
  /** The command, on a machine whose state is there. */
  const fault = async (state: string, ...words: readonly string[]) => {
    const given = [bin, 'fault', ...words, '--driver', 'aws', '-e', join(folder, 'test.yaml'), '--state', state];
    return await runProgram(process.execPath, given, { env: { ...moto.environment, AWS_ENDPOINT_URL: shim.endpoint } });
  };
  const heal = (id?: string) => healAwsFaults(aws, id, options());
  const standing = async () => (await standingAwsFaults(aws)).faults;
  const stateOf = async () => await withAws(aws, async ({ machines }) => (await machines.all()).get('worker-1')?.state);
  const unitState = async () => (await readFile(join(agents.folderOf(machine), 'units', unit), 'utf8')).trim();

  /** As the stacks launch it: moto gives none to a machine that asks for none. */
  const giveGroup = async () => {
    const { vpc } = await control.network(machine);
    await control.setGroups(machine, [await control.ensureClosedGroup(vpc, 'nodes')]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-faults-'));
    await writeFile(join(folder, 'topics.yaml'), 'topics: []\n');
    moto = await startMoto();
    shim = await startShim(moto.endpoint, async (asked) => await agents.answer(asked));
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    vi.stubEnv('AWS_ENDPOINT_URL', shim.endpoint);
    await write('');
    control = await openInstanceControl({ region: aws.place.region });
  });
  beforeEach(async () => {
    await moto.reset();
    shown = [];
    agents = fakeAgents(await mkdtemp(join(folder, 'run-')));
    await write(', breakable: [worker-1]');
    await makeBucket(aws.place);
    machine = await makeMachine(aws.place, 'worker-1');
    await agents.add(machine);
    await writeFile(join(agents.folderOf(machine), 'units', unit), 'active\n');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    control?.close();
    await shim?.stop();
    await moto?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are made of no node that the environment does not name for it, and never without the words typed', async () => {
    const other = await makeMachine(aws.place, 'worker-2');
    await agents.add(other);
    await expect(inject('kill', { node: 'worker-2' })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
      message: expect.stringContaining('aws.breakable'),
    });
    await expect(inject('kill', { agrees: false })).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NOT_CONFIRMED' });
    await expect(inject('kill', { service: 'zookeeper' })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
    });
    await write('');
    await expect(inject('kill')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NO_ALLOW_LIST' });
    expect([agents.scripts, await standing(), await unitState()]).toEqual([[], [], 'active']);
  });

  it('are asked for in a terminal alone: a pipe, or whatever flag, breaks nothing', async () => {
    const { status, stderr } = await fault(folder, 'inject', 'kill', 'worker-1');
    expect([status, stderr]).toEqual([1, expect.stringContaining('type "break test"')]);
    expect(stderr).toContain(`Plan: kill of kafka on worker-1 (${machine}), by Systems Manager`);
    expect([agents.scripts, await unitState()]).toEqual([[], 'active']);
  });

  it('of a service go through Systems Manager, and are undone by the journal alone, twice if need be', async () => {
    for (const [kind, during] of [
      ['kill', 'inactive'],
      ['term', 'inactive'],
      ['pause', 'paused'],
    ] as const) {
      const entry = await inject(kind);
      expect([kind, await unitState()]).toEqual([kind, during]);
      expect(await standing()).toEqual([entry]);
      expect(entry.says).toBe(shown.at(-1)?.says);
      expect((await heal(entry.id)).map(({ id }) => id)).toEqual([entry.id]);
      expect([kind, await unitState(), await standing()]).toEqual([kind, 'active', []]);
    }
    await expect(heal('none-of-these')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_UNKNOWN' });
  });

  it('wait for a roll or a scenario of the environment once they are agreed to, not while a person reads', async () => {
    const roll = await acquireFileLock(join(folder, 'test', 'lock'));
    const done: string[] = [];
    const injecting = inject('kill', { meanwhile: async () => done.push('read') }).then(() => done.push('broken'));
    // Its own ticket behind the roll’s.
    await vi.waitUntil(async () => (await readdir(join(folder, 'test', 'lock'))).length === 2, { timeout: 20_000 });
    expect([done, agents.scripts]).toEqual([['read'], []]);
    done.push('rolled');
    await roll.release();
    await injecting;
    expect(done).toEqual(['read', 'rolled', 'broken']);
    await heal();
  });

  it('are seen, and healed, from any machine, and never by a command on its way', async () => {
    const entry = await inject('pause');
    const elsewhere = join(folder, 'another-machine');
    const listed = await fault(elsewhere, 'list');
    expect([listed.status, listed.stdout]).toEqual([0, expect.stringContaining(entry.says)]);
    const told: string[] = [];
    const given = { stateRoot: elsewhere, onProgress: (line: string) => void told.push(line) } as DeploymentOptions;
    await withAws(aws, (operated) => healDeployed(operated, given));
    const undoes = `broken by hand: ${entry.says}; \`ensemble fault heal ${entry.id} --driver aws\` undoes it`;
    expect([told, await unitState()]).toEqual([[undoes], 'paused']);
    const healed = await healAwsFaults(aws, entry.id, { ...options(), stateRoot: elsewhere });
    expect([healed, await unitState(), await standing()]).toEqual([[entry], 'active', []]);
  });

  it('are not made by another plan than the one that was read', async () => {
    await giveGroup();
    const { vpc } = await control.network(machine);
    const others = async () => await control.setGroups(machine, [await control.ensureClosedGroup(vpc, 'others')]);
    await expect(inject('isolate', { meanwhile: others })).rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_PLAN_CHANGED',
    });
    expect(await standing()).toEqual([]);
    expect(await control.groupNamed(vpc, 'ensemble-test-isolated-worker-1')).toBeUndefined();
  });

  it('are in the journal before they are made: one that fails half-way can be undone', async () => {
    await writeFile(join(agents.folderOf(machine), 'fail-stop'), '');
    await expect(inject('term')).rejects.toMatchObject({ code: 'DRIVER_COMMAND_FAILED' });
    expect((await standing()).length).toBe(1);
    expect((await heal()).length).toBe(1);
    expect([await standing(), await unitState()]).toEqual([[], 'active']);
  });

  it('term: one that systemd had to kill has suffered another fault, which is said', async () => {
    await writeFile(join(agents.folderOf(machine), 'results', unit), 'timeout\n');
    await expect(inject('term')).rejects.toMatchObject({
      code: 'DRIVER_COMMAND_FAILED',
      evidence: ['it was killed: its own time to leave ran out'],
    });
    expect(await heal()).toHaveLength(1);
  });

  it('are healed beside a note that nobody can read and one that cannot be undone, which are named and stay', async () => {
    const key = faultNotesKey('hand');
    const written = () => withObjects(aws.place, async (objects) => JSON.parse((await objects.read(key)) ?? '[]'));
    const note = { says: 'party', of: 'driver', undo: { do: 'party' } } as const;
    const stuck = await withObjects(aws.place, (objects) => deployedNotes(objects).byHand.write(note));
    const torn = { id: 'of-tomorrow' };
    const both = JSON.stringify([...(await written()), torn]);
    await withObjects(aws.place, (objects) => objects.write(key, both));
    await inject('kill');
    await expect(heal()).rejects.toMatchObject({
      code: 'OPERATIONS_FAULTS_STAND',
      evidence: [expect.stringContaining(stuck.id), expect.stringContaining(torn.id)],
    });
    expect([await unitState(), (await standing()).map(({ id }) => id)]).toEqual(['active', [stuck.id]]);
    expect(await written()).toEqual([stuck, torn]);
  });

  it('of a machine stop it without its system, and start the same one again', async () => {
    const entry = await inject('machine-kill', { service: undefined });
    expect(entry.says).toContain('without its system’s shutdown');
    expect(await stateOf()).toBe('stopped');
    await expect(inject('kill'), 'of a machine that does not run').rejects.toMatchObject({
      code: 'OPERATIONS_FAULT_NOT_POSSIBLE',
    });
    await heal();
    await heal();
    expect(await stateOf()).toBe('running');
  });

  it('isolate by a security group that lets nothing through, and put back those that were there', async () => {
    await giveGroup();
    const before = await control.network(machine);
    expect(before.groups.length).toBe(1);
    await inject('isolate');
    const during = await control.network(machine);
    expect(during.groups).not.toEqual(before.groups);
    expect(await rulesOf(during.groups[0] ?? '', aws.place.region)).toEqual({ in: 0, out: 0 });
    await heal();
    expect(await control.network(machine)).toEqual(before);
    await control.removeGroup(before.vpc, 'ensemble-test-isolated-worker-1');
  });

  it('isolate a node once: a second time is refused, whether its group is worn or only noted', async () => {
    await giveGroup();
    const before = await control.network(machine);
    await inject('isolate');
    const refused = { code: 'OPERATIONS_FAULT_NOT_POSSIBLE', message: expect.stringContaining('already') };
    await expect(inject('isolate')).rejects.toMatchObject(refused);
    // Somebody has put its groups back by another way.
    await control.setGroups(machine, before.groups);
    await expect(inject('isolate')).rejects.toMatchObject(refused);
    expect(await heal()).toHaveLength(1);
    expect(await control.network(machine)).toEqual(before);
    await inject('isolate');
    await heal();
  });

  it('leave other groups that a node was given since as they are', async () => {
    await giveGroup();
    await inject('isolate');
    const { vpc } = await control.network(machine);
    const meant = [await control.ensureClosedGroup(vpc, 'of-terraform')];
    await control.setGroups(machine, meant);
    await heal();
    expect(await control.network(machine)).toEqual({ vpc, groups: meant });
    expect(await control.groupNamed(vpc, 'ensemble-test-isolated-worker-1')).toBeUndefined();
  });

  it('isolate by a group of the node’s own network: one of the same name in another is neither worn nor removed', async () => {
    await giveGroup();
    const name = 'ensemble-test-isolated-worker-1';
    const other = await makeNetwork(aws.place.region);
    const namesake = await control.ensureClosedGroup(other, name);
    await inject('isolate');
    expect((await control.network(machine)).groups).not.toContain(namesake);
    await heal();
    expect(await control.ensureClosedGroup(other, name)).toBe(namesake);
  });

  it('that cannot be made are refused with the reason, before anybody is asked', async () => {
    for (const kind of ['slow-link', 'full-disk'])
      await expect(inject(kind)).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_NOT_POSSIBLE' });
    await expect(inject('party')).rejects.toMatchObject({ code: 'OPERATIONS_FAULT_UNKNOWN' });
    expect(shown).toEqual([]);
  });

  it('of a machine that somebody has replaced since are over: nothing of the new one is touched', async () => {
    await giveGroup();
    const paused = await inject('pause');
    const isolated = await inject('isolate');
    const killed = await inject('machine-kill', { service: undefined });
    await endMachine(machine, aws.place.region);
    const healed = await heal();
    expect(healed.map(({ id }) => id)).toEqual([paused.id, isolated.id, killed.id]);
    expect(await control.isGone(machine)).toBe(true);
    expect(await control.isGone('i-0123456789abcdef0')).toBe(true);
  });
});
