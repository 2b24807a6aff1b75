/**
 * A local AWS with Terraform before it, for the tests of stacks: moto behind the shim, one folder of synthesized stacks, and an environment's text that tests
 * change and synthesize anew over it, as its operator would.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archivesFolder } from '../../artifacts/node-archives.ts';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { debianImage } from '../../drivers/local-aws/debian-image.ts';
import { answersForMoto } from '../../drivers/local-aws/moto-lacks.ts';
import { type MotoServer, startMoto } from '../../drivers/local-aws/moto-server.ts';
import { type Shim, startShim } from '../../drivers/local-aws/shim.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { synthesize } from '../../stacks/synthesize.ts';
import { clusterOf } from '../cluster/environment-fixture.ts';
import { madeUpSoftware } from '../provision/node-software.ts';
import { type Terraform, terraform } from './terraform-command.ts';
import { findPluginDirectory } from './terraform-plugins.ts';

/** Hashes of archives that nobody fetches here. */
const software: NodeSoftware = {
  ...madeUpSoftware,
  archives: { ...madeUpSoftware.archives, 'topics-applier': { sha256: 'a1'.repeat(32) } },
};

export interface AwsWorld {
  readonly endpoint: string;
  /** Where the stacks are written. */
  readonly outdir: string;
  /** Terraform's folder of providers. */
  readonly plugins: string;
  /** For AWS's SDK in this process. */
  readonly sdkEnvironment: MotoServer['environment'];
  readonly terraform: Terraform;
  /** As it was synthesized last. */
  readonly cluster: Cluster;
  /** Synthesizes the environment's text over what stands there. */
  write(text: string): Cluster;
  stop(): Promise<void>;
}

export async function startWorld(text: string): Promise<AwsWorld> {
  const plugins = findPluginDirectory();
  if (plugins === undefined) throw new Error('the machine has no mirror of the AWS provider');
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-aws-'));
  const images = join(folder, 'images.json');
  writeFileSync(images, JSON.stringify([debianImage]));
  let moto: MotoServer | undefined;
  let shim: Shim | undefined;
  const stop = async () => {
    await shim?.stop();
    await moto?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    moto = await startMoto({ MOTO_AMIS_PATH: images, MOTO_IAM_LOAD_MANAGED_POLICIES: 'true' });
    shim = await startShim(moto.endpoint, answersForMoto());
    const outdir = join(folder, 'out');
    layEmptyArchives(folder);
    let cluster = writeStacks(text, folder);
    const { endpoint } = shim;
    const sdkEnvironment = { ...moto.environment, AWS_ENDPOINT_URL: endpoint };
    return {
      endpoint,
      outdir,
      plugins,
      sdkEnvironment,
      terraform: terraform({
        outdir,
        environment: cluster.environment,
        plugins,
        processEnvironment: sdkEnvironment,
      }),
      get cluster() {
        return cluster;
      },
      write(changed) {
        cluster = writeStacks(changed, folder);
        return cluster;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** From the folder that the archives lie in, as an operator's project is one: the files there are empty. */
function writeStacks(text: string, project: string): Cluster {
  const cluster = clusterOf(text);
  const own = process.cwd();
  process.chdir(project);
  try {
    synthesize([cluster], software, join(project, 'out'));
  } finally {
    process.chdir(own);
  }
  return cluster;
}

function layEmptyArchives(project: string): void {
  const folder = join(project, archivesFolder);
  mkdirSync(folder, { recursive: true });
  for (const [name, facts] of Object.entries(software.archives))
    writeFileSync(join(folder, `${facts?.sha256}-${name}`), '');
}

/** What the bucket must hold for the model's nodes, by key. */
export function objectsOf({ cluster }: Pick<AwsWorld, 'cluster'>): Readonly<Record<string, string>> {
  const addressing = namedAddressing(cluster);
  return Object.fromEntries(
    cluster.groups.flatMap((group) =>
      group.nodes.flatMap((node) => {
        const { list, files } = nodeObjects(cluster, group, node, addressing, software);
        return [list, ...files].map(({ key, text }) => [key, text] as const);
      }),
    ),
  );
}
