/** Starts and ends what answers for the cloud: the gate inside the machines' network, the relay beside it. They run on when the command has ended. */
import { access, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { installationRoot } from '../../../platform/installation-root.ts';
import { endGroup, makeGroup, processesIn, removeGroup } from '../control-groups.ts';
import { cloudNotUp } from '../errors.ts';
import type { HostsWorld } from '../host-spec.ts';
import { metadataAddress, resolverAddress } from '../image-recipe.ts';
import { type HostsLayout, hubNetwork } from '../layout.ts';
import { routerOf } from '../networks.ts';
import { spawnInGroups } from '../spawn-in-groups.ts';
import { type CloudConfig, readCloudConfig } from './cloud-config.ts';
import { storeConfig } from './store-secrets.ts';

const startMs = 60_000;
const pollMs = 50;
const both = 2;
/** The front, and the server behind it. */
const ofStore = 2;

function groupOf({ name }: HostsLayout): string {
  return `${name}/cloud`;
}

/** Idempotent; the file is written anew, and those that run read it again. `keyPem`: of the certificate that the world shows. */
export async function ensureCloud(layout: HostsLayout, world: HostsWorld, keyPem: string): Promise<void> {
  const { config, log, tlsFolder } = layout.cloud;
  await mkdir(tlsFolder, { recursive: true, mode: 0o700 });
  const tls = { certificate: join(tlsFolder, 'certificate.pem'), key: join(tlsFolder, 'key.pem') };
  await writeFile(tls.certificate, world.cloud.certificatePem);
  await writeFile(tls.key, keyPem, { mode: 0o600 });
  const before = await storeTold(config);
  const told = await writeCloudConfig(layout, world);
  const isSame = isDeepStrictEqual(told, before);
  const wanted = both + (told === undefined ? 0 : ofStore);
  if (isSame && (await processesIn(groupOf(layout))).length >= wanted) return;
  await endCloud(layout);
  const groups = await makeGroup(groupOf(layout));
  await writeFile(log, '');
  const file = await open(log, 'a');
  try {
    const folder = join(installationRoot(), 'drivers', 'hosts', 'cloud');
    const loader = pathToFileURL(createRequire(join(installationRoot(), 'package.json')).resolve('tsx')).href;
    const start = (program: string, ...before: readonly string[]) => {
      spawnInGroups(groups, [...before, process.execPath, '--import', loader, join(folder, program), config], file.fd);
    };
    start('relay.ts');
    const inside = ['nsenter', `--net=${hubNetwork(layout)}`];
    start('gate.ts', ...inside);
    if (told !== undefined) start('store.ts', ...inside);
    await awaitReady(layout, both + (told === undefined ? 0 : 1));
  } finally {
    await file.close();
  }
}

async function awaitReady(layout: HostsLayout, wanted: number): Promise<void> {
  const deadline = performance.now() + startMs;
  for (;;) {
    const said = await readFile(layout.cloud.log, 'utf8');
    if (said.split('\n').filter((line) => line === 'ready').length >= wanted) return;
    if (performance.now() > deadline || said.includes('Error')) {
      await endCloud(layout);
      throw cloudNotUp(said.trimEnd().split('\n').slice(-20));
    }
    await delay(pollMs);
  }
}

/** What the file said of the store, where one stood in. */
async function storeTold(config: string): Promise<CloudConfig['store']> {
  return await access(config).then(
    () => readCloudConfig(config).store,
    () => undefined,
  );
}

async function writeCloudConfig(layout: HostsLayout, world: HostsWorld): Promise<CloudConfig['store']> {
  const { config, socket, tlsFolder } = layout.cloud;
  const store = world.store === undefined ? undefined : storeConfig(layout, world.store);
  const text: CloudConfig = {
    router: routerOf(world.block),
    metadata: metadataAddress,
    resolver: resolverAddress,
    domain: world.cloud.domain,
    names: {
      ...world.names,
      ...Object.fromEntries(
        [...(world.store?.members ?? []), ...world.hosts].map((each) => [each.name, [each.address]]),
      ),
    },
    machines: Object.fromEntries(
      world.hosts.map(({ address, instance, zone, region, tags }) => [address, { instance, zone, region, tags }]),
    ),
    socket,
    endpoint: world.cloud.endpoint,
    tls: { certificate: join(tlsFolder, 'certificate.pem'), key: join(tlsFolder, 'key.pem') },
    ...(store === undefined ? {} : { store }),
  };
  await mkdir(dirname(config), { recursive: true });
  // Read while it is replaced: the one of before, or this one.
  await writeFile(`${config}.next`, JSON.stringify(text));
  await rename(`${config}.next`, config);
  return store;
}

export async function endCloud(layout: HostsLayout): Promise<void> {
  await endGroup(groupOf(layout));
  await removeGroup(groupOf(layout));
  await rm(layout.cloud.socket, { force: true });
}

/** Pids; two where all is well, two more where a store is stood in for. */
export async function cloudProcesses(layout: HostsLayout): Promise<readonly number[]> {
  return await processesIn(groupOf(layout));
}
