/**
 * A local AWS: moto_server (https://docs.getmoto.org) on a loopback port of its own, in a process of its own. What runs against it gets `environment`: the
 * endpoint, and credentials that open nothing anywhere else. What moto lacks is answered before it (shim.ts, moto-lacks.ts).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installationRoot } from '../../platform/installation-root.ts';
import { localAwsNotUp } from './errors.ts';

type LocalAwsEnvironment = Readonly<Record<string, string>>;

export interface MotoServer {
  /** `http://127.0.0.1:40651` */
  readonly endpoint: string;
  /** For processes, and for the SDK in this one; without the credentials and profiles of whoever runs this. */
  readonly environment: LocalAwsEnvironment;
  /** Forgets everything that was made. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** The account that moto answers with where MOTO_ACCOUNT_ID names no other. @internal */
export const motoAccount = '123456789012';

/** Python loads a hundred modules first: some seconds, on a busy machine many more. */
const startMs = 90_000;
const evidenceLines = 20;
/** What moto's Python reads first (moto/sitecustomize.py). */
const pythonPath = [join(installationRoot(), 'drivers', 'local-aws', 'moto'), process.env.PYTHONPATH]
  .filter((each) => each !== undefined && each !== '')
  .join(':');

/** `settings`: moto's own environment variables, such as MOTO_AMIS_PATH. @throws EnsembleError DRIVER_LOCAL_AWS_NOT_UP with what it said */
export async function startMoto(settings: Readonly<Record<string, string>> = {}): Promise<MotoServer> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...settings, PYTHONUNBUFFERED: '1', PYTHONPATH: pythonPath },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-100_000);
    });
  let failed: Error | undefined;
  child.on('error', (error) => {
    failed = error;
  });
  const deadline = performance.now() + startMs;
  for (;;) {
    const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (endpoint !== undefined) return server(endpoint, async () => await end(child));
    if (failed !== undefined || child.exitCode !== null || performance.now() > deadline) {
      await end(child);
      throw localAwsNotUp(said.trimEnd().split('\n').slice(-evidenceLines), failed);
    }
    await delay(50);
  }
}

/** Where a local AWS is, for whoever speaks to it, with credentials that open nothing anywhere else. */
export function environmentOf(endpoint: string): LocalAwsEnvironment {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    AWS_SESSION_TOKEN: '',
    AWS_PROFILE: '',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
  };
}

function server(endpoint: string, stop: () => Promise<void>): MotoServer {
  return {
    endpoint,
    environment: environmentOf(endpoint),
    async reset() {
      const answer = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
      if (!answer.ok) throw new Error(`moto_server answers its reset with ${answer.status}`);
    },
    stop,
  };
}

async function end(child: ReturnType<typeof spawn>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL'); // it keeps nothing that would have to be put away
  await ended;
}
