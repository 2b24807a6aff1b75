/**
 * What a test needs of the machine. A test that needs more than Node asks here: `requires('java', 'kcat').describe('…', () => {…})`. Where
 * something is lacking its tests are skipped, and scripts/test.ts lists them at the end with the reason and the remedy. With ENSEMBLE_NO_SKIP=1
 * (.ci/run sets it) they fail instead. Nothing else may skip a test: test/guards/tidy.ts refuses it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';
import { installationRoot } from '../platform/installation-root.ts';
import { findPluginDirectory } from './integration/terraform-plugins.ts';

interface Requirement {
  readonly met: () => boolean;
  readonly reason: string;
  readonly remedy: string;
}

const requirements = {
  java: command('java', 'apt-get install openjdk-17-jre-headless'),
  javac: command('javac', 'apt-get install openjdk-17-jdk-headless'),
  maven: command('mvn', 'apt-get install maven'),
  kcat: command('kcat', 'apt-get install kcat'),
  haproxy: command('haproxy', 'apt-get install haproxy'),
  shellcheck: command('shellcheck', 'apt-get install shellcheck'),
  script: command('script', 'apt-get install bsdutils'),
  gpg: command('gpg', 'apt-get install gnupg'),
  git: command('git', 'apt-get install git'),
  moto: command('moto_server', "pip install 'moto[server]'"),
  python: {
    met: () => onPath('python3') && makesEnvironments(),
    reason: 'python3 is not on the PATH, or lacks ensurepip, which makes virtual environments',
    remedy: 'apt-get install python3-venv',
  },
  debianIndex: {
    met: () => process.arch === 'x64' && onPath('dpkg-deb') && offersDebian12(),
    reason: 'apt does not say what Debian 12 carries for x86-64, out of which nodes get Java and HAProxy',
    remedy: 'run them on Debian 12, after `apt-get update`',
  },
  terraform: command('terraform', 'install Terraform 1.10 or later'),
  'aws-provider': {
    met: () => findPluginDirectory() !== undefined,
    reason: 'no folder with the AWS provider of Terraform was found',
    remedy: 'fetch it with `terraform providers mirror`, and name that folder in TF_PLUGIN_DIR',
  },
  root: {
    met: () => process.getuid?.() === 0,
    reason: 'the tests do not run as root',
    remedy: 'run them as root, in a container for instance',
  },
  botocore: {
    met: () => spawnSync('python3', ['-c', 'import botocore'], { stdio: 'ignore', timeout: 60_000 }).status === 0,
    reason: 'python3 has no botocore',
    remedy: "pip install 'moto[server]', which brings it",
  },
  'systemd-analyze': command('systemd-analyze', 'apt-get install systemd'),
  namespaces: {
    met: () =>
      spawnSync('unshare', ['--mount', 'losetup', '--find'], { stdio: 'ignore', timeout: 20_000 }).status === 0,
    reason: 'mount namespaces and loop devices are not to be had',
    remedy: 'run them as root on a machine of its own, or in a container with --privileged',
  },
  journald: {
    met: () => onPath('journalctl') && existsSync('/lib/systemd/systemd-journald') && hasMachineId(),
    reason: 'systemd-journald is not here, or the machine has no id, without which it keeps no journal',
    remedy: 'apt-get install systemd, and `systemd-machine-id-setup`',
  },
  nspawn: {
    met: () => ['systemd-nspawn', 'debootstrap', 'nsenter', 'ip'].every(onPath) && makesNetworks(),
    reason: 'machines of systemd-nspawn cannot be made: a program is lacking, or namespaces of networks are',
    remedy: 'apt-get install systemd-container debootstrap iproute2, as root on a machine of its own',
  },
  nft: command('nft', 'apt-get install nftables'),
  linux: {
    met: () => process.platform === 'linux',
    reason: `this is ${process.platform}, not Linux`,
    remedy: 'run them on Linux, in a container for instance',
  },
} as const satisfies Record<string, Requirement>;

/** What a test may ask for. */
export type RequirementName = keyof typeof requirements;

/** One kind of lack, as it stands in .test-report/lacks/. `scripts/test.ts` reads these. */
interface Lack {
  readonly name: string;
  readonly reason: string;
  readonly remedy: string;
}

/** `describe` and `it` of vitest where the machine has all of `names`; else ones that skip, or fail where nothing may be skipped. */
export function requires(...names: readonly RequirementName[]): { describe: typeof describe.skip; it: typeof it.skip } {
  const lacks = lacking(names, requirements);
  if (lacks.length === 0) return { describe, it };
  if (process.env.ENSEMBLE_NO_SKIP === '1') {
    const told = lacks.map(({ reason, remedy }) => `${reason}; ${remedy}`).join('; ');
    throw new Error(`Nothing may be skipped here (ENSEMBLE_NO_SKIP=1), but ${told}`);
  }
  const folder = join(installationRoot(), '.test-report', 'lacks');
  mkdirSync(folder, { recursive: true });
  for (const lack of lacks) writeFileSync(join(folder, `${lack.name}.json`), JSON.stringify(lack));
  return { describe: describe.skip, it: it.skip };
}

/** Those of `names` that `known` says are not met here. @internal */
export function lacking(names: readonly string[], known: Readonly<Record<string, Requirement>>): readonly Lack[] {
  return names.flatMap((name) => {
    const requirement = known[name];
    if (requirement?.met() === true) return [];
    return [
      {
        name,
        reason: requirement?.reason ?? `${name} is unknown`,
        remedy: requirement?.remedy ?? 'add it to test/requirements.ts',
      },
    ];
  });
}

function command(name: string, remedy: string): Requirement {
  return { met: () => onPath(name), reason: `${name} is not on the PATH`, remedy };
}

function makesNetworks(): boolean {
  return spawnSync('unshare', ['--net', 'ip', 'link'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** Debian's python3 comes without the module that puts pip into a new environment. */
function makesEnvironments(): boolean {
  return spawnSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** Of Java 17's development kit, which no other release of Debian carries. What is only installed has no file name. */
function offersDebian12(): boolean {
  const asked = ['show', '--no-all-versions', 'openjdk-17-jdk-headless'];
  return /^Filename:/m.test(spawnSync('apt-cache', asked, { encoding: 'utf8', timeout: 20_000 }).stdout ?? '');
}

function hasMachineId(): boolean {
  return existsSync('/etc/machine-id') && readFileSync('/etc/machine-id', 'utf8').trim().length === 32;
}

function onPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    const path = join(folder, name);
    if (!existsSync(path)) return false;
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
