/** Topics with data for tests that move replicas on a running cluster, and a run that is killed. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { ensureArtifact } from '../../artifacts/ensure-artifact.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { createTopics } from '../../clients/kafka/requests/create-topics.ts';
import type { PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import type { TopicMoves } from '../../topics/reassign/reassign.ts';
import { eventually } from './platform-fixture.ts';

/** What `fill` puts into a topic. */
export const messages = 6_000;
export const messageBytes = 2_000;

export async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { timeout: 60_000, maxBuffer: 100_000_000 });
  return stdout;
}

/** Kafka's own tools, asked of a cluster: `tool('LogDirsCommand', '--describe')`. */
export async function kafkaTool(bootstrap: string) {
  const { classpath } = await ensureArtifact('kafka');
  const java = ['-XX:TieredStopAtLevel=1', '-cp', classpath.join(':')];
  return (name: string, ...args: readonly string[]) =>
    run('java', [...java, `org.apache.kafka.tools.${name}`, '--bootstrap-server', bootstrap, ...args]);
}

export class ReassignFixture {
  readonly #connection: KafkaConnection;
  readonly #bootstrap: string;
  readonly #messagesFile: string;

  constructor(connection: KafkaConnection, bootstrap: string, folder: string) {
    this.#connection = connection;
    this.#bootstrap = bootstrap;
    this.#messagesFile = join(folder, 'messages');
  }

  async makeTopic(topic: string, assignment: readonly (readonly number[])[]): Promise<void> {
    const [outcome] = await createTopics(
      this.#connection,
      [{ topic, partitions: assignment.length, replicas: assignment[0]?.length ?? 1, config: {}, assignment }],
      { brokerTimeoutMs: 30_000 },
    );
    expect(outcome?.error).toBeUndefined();
    await eventually(`${topic} has leaders`, 30_000, async () => {
      const partitions = await this.partitionsOf(topic);
      // A broker that has not heard of it yet knows none of its partitions.
      return partitions.length === assignment.length && partitions.every(({ leader }) => leader !== undefined);
    });
  }

  async fill(topic: string): Promise<void> {
    const lines = Array.from({ length: messages }, () => randomBytes(messageBytes / 2).toString('hex'));
    await writeFile(this.#messagesFile, `${lines.join('\n')}\n`);
    await run('kcat', ['-P', '-b', this.#bootstrap, '-t', topic, '-X', 'acks=all', '-l', this.#messagesFile]);
  }

  async countMessages(topic: string): Promise<number> {
    const text = await run('kcat', [
      '-C',
      '-b',
      this.#bootstrap,
      '-t',
      topic,
      '-e',
      '-q',
      '-o',
      'beginning',
      '-f',
      '.',
    ]);
    return text.length;
  }

  async partitionsOf(topic: string): Promise<readonly PartitionMetadata[]> {
    return (await this.#connection.metadata([topic])).topics[0]?.partitions ?? [];
  }

  async movesOf(topic: string, to: (from: readonly number[]) => readonly number[]): Promise<readonly TopicMoves[]> {
    const partitions = await this.partitionsOf(topic);
    return [
      { topic, moves: partitions.map(({ partition, replicas }) => ({ partition, from: replicas, to: to(replicas) })) },
    ];
  }

  /** Starts the moves in a process of its own, and kills it without warning once they are under way. */
  async killedRun(moves: readonly TopicMoves[], bytesPerSecond: number): Promise<void> {
    const script = join(installationRoot(), 'test', 'integration', 'reassign-process.ts');
    const args = ['--import', 'tsx', script, this.#bootstrap, JSON.stringify(moves), String(bytesPerSecond)];
    const child = spawn(process.execPath, args, { cwd: installationRoot(), stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await eventually(
      'the process moves replicas',
      30_000,
      () => /moving [1-9]/.test(output) || child.exitCode !== null,
    );
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
  }
}
