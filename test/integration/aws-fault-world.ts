/**
 * The world in which faults of deployed nodes are tested: moto's EC2 and S3, and a stand-in for the agent between (fake-node-agent.ts) that truly runs the scripts
 * and has no systemd. One machine, worker-1, which may be broken, is made anew for each test.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { type InstanceControl, openInstanceControl } from '../../clients/aws/instance-control.ts';
import type { PlannedFault } from '../../contracts/fault.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { type AwsEnvironment, openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { healAwsFaults, injectAwsFault, standingAwsFaults } from '../../operations/aws/faults.ts';
import { withAws } from '../../operations/aws/operated.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { smallAwsEnvironment } from './environment-text.ts';
import { type FakeAgents, fakeAgents } from './fake-node-agent.ts';
import { makeBucket, makeMachine } from './made-in-moto.ts';
import { runProgram } from './run-program.ts';

const bin = join(installationRoot(), 'bin', 'ensemble.js');
export const unit = 'ensemble-kafka.service';

/** Call it in a `describe`. */
export function faultWorld() {
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
    await writeFile(join(folder, 'test.yaml'), smallAwsEnvironment(breakable));
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

  return {
    get folder() {
      return folder;
    },
    get agents() {
      return agents;
    },
    get aws() {
      return aws;
    },
    get machine() {
      return machine;
    },
    get control() {
      return control;
    },
    get shown() {
      return shown;
    },
    write,
    inject,
    fault,
    heal,
    standing,
    stateOf,
    unitState,
    giveGroup,
  };
}
