/** What both training runs need: JVMs on the side that are certain to end, and ports that are free. I/O throughout. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Java } from './find-java.ts';

export interface TrainingRun {
  readonly java: Java;
  readonly classpath: readonly string[];
  /** A scratch folder of the run's own. */
  readonly folder: string;
  /** Where the archive of classes is to be written. */
  readonly archive: string;
  readonly signal?: AbortSignal | undefined;
}

export interface TrainingProcess {
  readonly name: string;
  readonly child: ChildProcess;
  readonly log: string;
  readonly ended: Promise<string>;
}

/** A run takes a few seconds; on a machine where it takes this long there is nothing to gain. */
const limitMs = 60_000;

/** Runs `work` with a signal that also ends at the limit; whatever it started is dead when this returns. */
export async function withTrainingProcesses<T>(
  run: TrainingRun,
  work: (
    start: (name: string, flags: readonly string[], main: readonly string[]) => TrainingProcess,
    signal: AbortSignal,
  ) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  const signal = run.signal ? AbortSignal.any([run.signal, limit]) : limit;
  const started: TrainingProcess[] = [];
  try {
    await writeFile(join(run.folder, 'log4j.properties'), log4j);
    return await work((name, flags, main) => {
      const process = startJvm(run, name, flags, main);
      started.push(process);
      return process;
    }, signal);
  } finally {
    for (const each of started) each.child.kill('SIGKILL');
    await Promise.all(started.map((each) => each.ended));
  }
}

/** To standard output, by the appender that nodes log through too: its classes are to be in the archive. */
const log4j = `log4j.rootLogger=INFO, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%r %m%n
log4j.logger.org.apache.zookeeper=INFO
`;

/** Small and quick to start; which collector and compiler trained makes no difference to who may use the archive. */
const jvmFlags = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];

function startJvm(run: TrainingRun, name: string, flags: readonly string[], main: readonly string[]): TrainingProcess {
  const log = join(run.folder, `${name}.log`);
  const logging = `-Dlog4j.configuration=file:${join(run.folder, 'log4j.properties')}`;
  const child = spawn(
    run.java.executable,
    [...jvmFlags, ...flags, logging, '-cp', run.classpath.join(delimiter), ...main],
    {
      cwd: run.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const file = createWriteStream(log);
  file.on('error', () => undefined); // the folder may be gone before the last line
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, by) => {
      file.end();
      resolve(code === null ? `ended by ${by}` : `ended with ${code}`);
    });
  });
  return { name, child, log, ended };
}

/** Asks it to end as `down` would, and waits: the archive is written on the way out. */
export async function endGracefully(process: TrainingProcess, signal: AbortSignal): Promise<void> {
  process.child.kill('SIGTERM');
  await orAborted(process.ended, signal);
}

/** Until `condition` holds. Throws if the process ends first, with its last line, or if the signal comes. */
export async function until(
  process: TrainingProcess,
  condition: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  let end: string | undefined;
  process.ended.then((how) => (end = how));
  while (!(await condition())) {
    signal.throwIfAborted();
    if (end !== undefined) {
      const lines = (await readFile(process.log, 'utf8').catch(() => '')).trim().split('\n');
      throw new Error(`the training run of ${process.name} ${end}: ${lines.at(-1)}`);
    }
    await delay(50);
  }
}

/** Whether the process has logged this text. */
export function hasLogged(process: TrainingProcess, text: string): () => Promise<boolean> {
  return async () => (await readFile(process.log, 'utf8').catch(() => '')).includes(text);
}

async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Ports of 127.0.0.1 that nobody had a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, '127.0.0.1', () => resolve(server));
      });
    }),
  );
  return Promise.all(
    servers.map((server) => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      return new Promise<number>((resolve) => server.close(() => resolve(port)));
    }),
  );
}
