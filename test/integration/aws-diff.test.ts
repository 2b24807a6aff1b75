/**
 * `ensemble diff` with a real Terraform, over small stacks of its built-in resource and a local state; what was ever applied is asked of the state bucket
 * in a local AWS (moto). The real stacks are planned and applied in the proof of stacks/.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { openBucket } from '../../clients/aws/buckets.ts';
import { openObjects } from '../../clients/aws/objects.ts';
import { stackName, stackParts, stateBucketName, stateKey } from '../../contracts/aws-names.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { type DiffReport, diffEnvironment } from '../../operations/aws/diff.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';

const run = promisify(execFile);
const environments = { environment: 'staging', environmentsDirectory: join(installationRoot(), 'environments') };

requires('moto', 'terraform').describe('ensemble diff', () => {
  let moto: MotoServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ensemble-diff-'));
    moto = await startMoto();
    for (const [name, value] of Object.entries(moto.environment)) vi.stubEnv(name, value);
    vi.stubEnv('TF_CLI_CONFIG_FILE', join(folder, 'none.tfrc'));
    await writeFile(join(folder, 'none.tfrc'), '');
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await moto?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const stackFolder = (part: (typeof stackParts)[number]) => join(folder, 'stacks', stackName('staging', part));

  /** Two resources a stack; another `trigger` replaces the first, another `input` updates the second. */
  const write = (trigger: string, input: string) => async () => {
    const stacks: Record<string, { dependencies: string[] }> = {};
    for (const part of stackParts) {
      stacks[stackName('staging', part)] = {
        dependencies: part === 'foundation' ? [] : [stackName('staging', 'foundation')],
      };
      await mkdir(stackFolder(part), { recursive: true });
      const resource = { terraform_data: { node: { triggers_replace: trigger }, settings: { input } } };
      await writeFile(join(stackFolder(part), 'cdk.tf.json'), JSON.stringify({ resource }));
    }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ stacks }));
  };
  const diff = async (synthesize: () => Promise<void>): Promise<DiffReport> =>
    await diffEnvironment(await openAwsEnvironment(environments, 'diff'), {
      folder,
      signal: AbortSignal.timeout(120_000),
      synthesize,
    });
  const apply = async (part: (typeof stackParts)[number]) => {
    await run('terraform', ['apply', '-auto-approve', '-input=false', '-no-color'], { cwd: stackFolder(part) });
    const { place } = await openAwsEnvironment(environments, 'test');
    const objects = await openObjects({ region: place.region }, stateBucketName(place), place.account);
    await objects.write(stateKey('staging', part), '{}');
    objects.close();
  };

  requires('moto', 'terraform').it(
    'says so where there is no state bucket, and names the command that makes it',
    async () => {
      await expect(diff(write('one', 'a'))).rejects.toMatchObject({
        code: 'OPERATIONS_STATE_BUCKET_MISSING',
        next: expect.stringContaining('ensemble bootstrap -e staging'),
      });
    },
  );

  requires('moto', 'terraform').it(
    'says of each stack that it was never applied, and plans what can be planned',
    async () => {
      const { place } = await openAwsEnvironment(environments, 'test');
      // Not by `ensemble bootstrap`: its bucket denies what comes without TLS, and moto holds to that.
      const bucket = await openBucket({ region: place.region }, stateBucketName(place), place.account);
      await bucket.create();
      bucket.close();
      const report = await diff(write('one', 'a'));
      expect(report.changed).toBe(true);
      expect(
        report.stacks.map(({ stack, applied, waitsFor, changes }) => [stack, applied, waitsFor, changes.length]),
      ).toEqual([
        ['staging-foundation', false, undefined, 2],
        ['staging-data', false, 'staging-foundation', 0],
        ['staging-edge', false, 'staging-foundation', 0],
      ]);
    },
  );

  requires('moto', 'terraform').it(
    'shows what is replaced and updated, and why; nothing once all is as it should be',
    async () => {
      for (const part of stackParts) {
        await diff(write('one', 'a'));
        await apply(part);
      }
      const clean = await diff(write('one', 'a'));
      expect(clean.changed).toBe(false);
      expect(clean.stacks.every(({ applied }) => applied)).toBe(true);
      const changed = await diff(write('two', 'b'));
      expect(changed.stacks[1]?.changes).toEqual([
        { kind: 'replace', address: 'terraform_data.node', attributes: ['triggers_replace'] },
        { kind: 'update', address: 'terraform_data.settings', attributes: ['input', 'output'] },
      ]);
      // A plan holds whatever a provider put into it.
      expect(await readdir(stackFolder('data'))).not.toContain('ensemble.tfplan');
    },
  );

  requires('moto', 'terraform').it('shows Terraform’s own words where it refuses', async () => {
    const broken = async () => {
      await write('one', 'a')();
      const resource = { terraform_data: { node: { nonsense: true } } };
      await writeFile(join(stackFolder('foundation'), 'cdk.tf.json'), JSON.stringify({ resource }));
    };
    await expect(diff(broken)).rejects.toMatchObject({
      code: 'OPERATIONS_TERRAFORM_FAILED',
      evidence: expect.arrayContaining([expect.stringContaining('nonsense')]),
    });
  });
});
