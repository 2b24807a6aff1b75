/**
 * A metadata store for tests: MongoDB's stand-in (decision 0023) on 127.0.0.1 with a free port. The tests that use it ask `requires('java', 'maven')` first;
 * Maven fetches its jars once.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureArtifact } from '../../artifacts/ensure-artifact.ts';
import { findJava } from '../../artifacts/find-java.ts';

export interface StandIn {
  /** `127.0.0.1:PORT`: what follows `mongodb://`. */
  readonly storeHost: string;
  readonly pid: number;
  /** Ends it, and removes its data unless the caller gave the folder. */
  stop(): Promise<void>;
  /** Ends it as a crash would; its data stay. */
  kill(): Promise<void>;
}

export interface StandInOptions {
  /** Where its data are kept, to start it again on them; a scratch folder if absent. */
  readonly folder?: string;
  /** A free one if absent. */
  readonly port?: number;
}

const startLimitMs = 30_000;
const stopLimitMs = 15_000;

export async function startStandIn(options: StandInOptions = {}): Promise<StandIn> {
  const [java, { classpath }] = [await findJava(), await ensureArtifact('mongodb-stand-in')];
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'ensemble-stand-in-')));
  const main = ['StandIn', '127.0.0.1', String(options.port ?? 0), join(folder, 'store.h2')];
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', classpath.join(delimiter)];
  const child = spawn(java.executable, [...jvm, ...main], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    child.kill(signal);
    const limit = setTimeout(orphaned, stopLimitMs);
    await ended;
    clearTimeout(limit);
    process.removeListener('exit', orphaned);
  };
  try {
    const storeHost = await listening(child);
    return {
      storeHost,
      pid: child.pid ?? 0,
      kill: () => end('SIGKILL'),
      stop: async () => {
        await end('SIGTERM');
        if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
}

/** It says where it listens once it serves: a client that connects then is answered. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const fail = (what: string) => reject(new Error(`the stand-in ${what}: ${output.trim()}`));
    const limit = setTimeout(() => fail(`did not listen within ${startLimitMs} ms`), startLimitMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        const [, address] = /^listening on (\S+)$/m.exec(output) ?? [];
        if (address === undefined) return;
        clearTimeout(limit);
        resolve(address);
      });
    }
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    child.once('close', (code) => {
      clearTimeout(limit);
      fail(`ended with ${code}`);
    });
  });
}
