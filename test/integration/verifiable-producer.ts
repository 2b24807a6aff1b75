/**
 * A load on a topic by a client that is not ours: Kafka's own VerifiableProducer (kafka-tools), which sends whole numbers that count up, with keys that go
 * round, and prints what it was told of each. It is set to what Java clients are by default: idempotent, acks=all, retried until its delivery timeout.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureArtifact } from '../../artifacts/ensure-artifact.ts';
import { findJava } from '../../artifacts/find-java.ts';
import type { LoggedRecord, ProduceOutcome } from '../histories/produced-log.ts';

export interface Load {
  /** Acknowledged so far. */
  acknowledged(): number;
  /** Sends no more, waits for what is under way, and gives what it was told of each record. */
  stop(): Promise<readonly ProduceOutcome[]>;
}

interface Said {
  readonly name: string;
  readonly value?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly exception?: string;
  readonly message?: string;
}

/** Gives the command line that runs another one, in a network of its own for instance. */
export type Seat = (command: readonly string[]) => Promise<readonly string[]>;

const here: Seat = async (command) => command;

export async function startLoad(
  folder: string,
  bootstrap: string,
  topic: string,
  perSecond: number,
  seat: Seat = here,
): Promise<Load> {
  const settings = join(folder, 'producer.properties');
  // The tool itself would switch retries off.
  await writeFile(settings, 'enable.idempotence=true\nretries=2147483647\ndelivery.timeout.ms=120000\n');
  const [java, artifact] = await Promise.all([findJava(), ensureArtifact('kafka')]);
  const words = ['--bootstrap-server', bootstrap, '--topic', topic, '--throughput', String(perSecond)];
  const tool = ['org.apache.kafka.tools.VerifiableProducer', ...words, '--repeating-keys', '20', '--acks', '-1'];
  const flags = ['-Xmx96m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', artifact.classpath.join(':')];
  const [program = '', ...args] = await seat([java.executable, ...flags, ...tool, '--producer.config', settings]);
  const child = spawn(program, args);
  const outcomes: ProduceOutcome[] = [];
  let rest = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = `${errors}${chunk}`.slice(-2_000);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!line.startsWith('{')) continue;
      const { name, value, partition = -1, offset = -1, exception, message }: Said = JSON.parse(line);
      if (name === 'producer_send_success') outcomes.push({ value: Number(value), partition, offset });
      if (name === 'producer_send_error') outcomes.push({ value: Number(value), fault: `${exception} ${message}` });
    }
  });
  const ended = once(child, 'close');
  return {
    acknowledged: () => outcomes.length,
    async stop() {
      if (child.exitCode !== null) throw new Error(`the producer ended by itself: ${errors}`);
      child.kill('SIGTERM');
      await ended;
      return outcomes;
    },
  };
}

/** The whole of a topic, read by another client that is not ours. */
export async function readTopic(bootstrap: string, topic: string, seat: Seat = here): Promise<readonly LoggedRecord[]> {
  const words = ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-X', 'check.crcs=true', '-f', '%p %o %k %s\n'];
  const [program = '', ...args] = await seat(['kcat', '-b', bootstrap, ...words]);
  const { stdout } = await promisify(execFile)(program, args, {
    timeout: 60_000,
    maxBuffer: 256 * 1024 * 1024,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [partition, offset, key = '', value] = line.split(' ');
      return { partition: Number(partition), offset: Number(offset), key, value: Number(value) };
    });
}
