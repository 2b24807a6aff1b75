/**
 * `cdktf deploy` as the guide has it (docs/aws.md): its own command plans and applies staging's stacks in the order that they need, against a local AWS, and
 * hands their outputs over. What is synthesized beforehand are the stacks with hashes of archives that nobody fetches here.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { applyBootstrap, planBootstrap } from '../../operations/aws/bootstrap.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { awsView } from '../integration/aws-view.ts';
import { type AwsWorld, startWorld } from '../integration/aws-world.ts';
import { environmentText } from '../integration/environment-text.ts';
import { requires } from '../requirements.ts';

const place = { environment: 'staging', account: '123456789012', region: 'eu-west-1' };
const needs = requires('terraform', 'aws-provider', 'moto');

needs.describe('cdktf', () => {
  let world: AwsWorld;
  beforeAll(async () => {
    world = await startWorld(environmentText('staging'));
    for (const [name, value] of Object.entries(world.sdkEnvironment)) vi.stubEnv(name, value);
    await applyBootstrap(place, await planBootstrap(place), { mend: false });
    await world.terraform.init();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await world?.stop();
  });

  const cdktf = async (...words: readonly string[]) => {
    const command = join(installationRoot(), 'node_modules', 'cdktf-cli', 'bundle', 'bin', 'cdktf');
    const args = [
      command,
      ...words,
      'staging-*',
      '--output',
      world.outdir,
      '--skip-synth',
      '--auto-approve',
      '--no-color',
    ];
    const child = spawn(process.execPath, [...args, '--skip-provider-lock', '--terraform-parallelism=100'], {
      cwd: installationRoot(),
      env: {
        ...process.env,
        CI: 'true',
        CHECKPOINT_DISABLE: '1',
        TF_CLI_CONFIG_FILE: join(world.outdir, 'terraform.rc'),
        TF_CLI_ARGS_init: `-plugin-dir=${world.plugins}`,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
    const [code] = await once(child, 'close');
    return { code, said };
  };

  needs.it(
    'deploys an environment’s stacks in one command, in the order that they need, and writes what they put out',
    async () => {
      const outputs = join(world.outdir, 'outputs.json');
      const { code, said } = await cdktf('deploy', '--outputs-file', outputs);
      expect(code, said.slice(-4_000)).toBe(0);
      const view = awsView(world.endpoint, place.region);
      const nodes = allNodes(world.cluster).map(({ id }) => id);
      expect([...(await view.machines()).keys()].sort()).toEqual([...nodes].sort());
      view.close();
      const { 'staging-edge': edge } = JSON.parse(await readFile(outputs, 'utf8'));
      expect(edge.bootstrapServers).toBe(bootstrapServers(world.cluster, namedAddressing(world.cluster)).join(','));
    },
  );

  needs.it('does not destroy what is protected', async () => {
    const { code, said } = await cdktf('destroy');
    expect(code).not.toBe(0);
    expect(said).toContain('prevent_destroy');
    const view = awsView(world.endpoint, place.region);
    const volumes = allNodes(world.cluster).flatMap(({ id, volumes: own }) => own.map(({ name }) => `${id}/${name}`));
    expect([...(await view.volumes()).keys()].sort()).toEqual(volumes.sort());
    expect((await view.machines()).size).toBe(allNodes(world.cluster).length);
    view.close();
  });
});
