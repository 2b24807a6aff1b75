/** `ensemble up` on real ZooKeeper and Kafka: what it says is what other people's tools see, twice is once, and data survives. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect } from 'vitest';
import type { StatusReport } from '../../operations/status.ts';
import type { UpReport } from '../../operations/up.ts';
import { requires } from '../requirements.ts';
import { type PlatformFixture, platformFixture } from './platform-fixture.ts';

const { describe, it } = requires('java', 'kcat');

interface KcatMetadata {
  readonly brokers: readonly { readonly id: number; readonly name: string }[];
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions: readonly {
      readonly leader: number;
      readonly replicas: readonly { readonly id: number }[];
      readonly isrs: readonly { readonly id: number }[];
    }[];
  }[];
}

async function kcat(bootstrap: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('kcat', ['-b', bootstrap, ...args], { timeout: 30_000 });
  return stdout;
}

describe('a platform of three masters and three workers', () => {
  let platform: PlatformFixture;
  let up: UpReport & { readonly status: StatusReport };

  beforeAll(async () => {
    platform = await platformFixture(30, { masters: 3, workers: 3 });
    const result = await platform.run(['up', '--json']);
    expect(result.stderr + result.stdout).not.toMatch(/DRIVER_|OPERATIONS_|INTERNAL/);
    up = JSON.parse(result.stdout);
  });
  afterAll(() => platform.dispose());

  it('is healthy, with one leading master and every worker registered', () => {
    expect(up.status.troubles).toEqual([]);
    expect(up.status.healthy).toBe(true);
    const details = up.status.services.map((service) => service.detail);
    expect(details.filter((detail) => detail === 'leader')).toHaveLength(1);
    expect(details.filter((detail) => detail === 'follower')).toHaveLength(2);
    expect(details.filter((detail) => detail === 'controller')).toHaveLength(1);
    expect(up.status.kafka?.brokers).toEqual([1, 2, 3]);
  });

  it('sent messages through the monitoring topic and received every one of them', () => {
    expect(up.messages).toMatchObject([
      { topic: 'monitoring.pms', group: 'group.monitoring.pms', sent: 12, received: 12 },
    ]);
  });

  it('looks to kcat as its status says: brokers, addresses, partitions, replicas in sync', async () => {
    const seen = JSON.parse(await kcat('127.0.30.101:9092', '-L', '-J')) as KcatMetadata;
    const workers = up.status.services.filter((service) => service.service === 'kafka');
    expect(seen.brokers.map((broker) => broker.name).sort()).toEqual(workers.map((worker) => worker.address).sort());
    const topic = seen.topics.find((each) => each.topic === 'monitoring.pms');
    expect(topic?.partitions).toHaveLength(3);
    for (const partition of topic?.partitions ?? []) {
      expect(partition.replicas).toHaveLength(2);
      expect(partition.isrs).toHaveLength(2);
      expect([1, 2, 3]).toContain(partition.leader);
    }
  });

  it('spreads every partition’s replicas over two zones', async () => {
    // Three workers in three zones: two replicas on two brokers are in two zones unless a broker is named twice.
    const seen = JSON.parse(await kcat('127.0.30.101:9092', '-L', '-J')) as KcatMetadata;
    for (const partition of seen.topics.flatMap((topic) => topic.partitions)) {
      const ids = partition.replicas.map((replica) => replica.id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  it('lets a client with the environment’s own certificate in over TLS, and nobody else', async () => {
    const tls = `${up.stateDirectory}/secrets/tls`;
    const trusting = ['-X', 'security.protocol=ssl', '-X', `ssl.ca.location=${tls}/ca.pem`];
    const known = [
      '-X',
      `ssl.certificate.location=${tls}/operator.pem`,
      '-X',
      `ssl.key.location=${tls}/operator.key.pem`,
    ];
    expect(await kcat('127.0.30.101:9093', '-L', ...trusting, ...known)).toContain('3 brokers');
    await expect(kcat('127.0.30.101:9093', '-L', '-m', '5', ...trusting)).rejects.toThrow();
  });

  it('changes nothing when it is run again: no process, no topic, no message', async () => {
    const again = await platform.json<UpReport & { readonly status: StatusReport }>(['up']);
    expect(again.started).toEqual([]);
    expect(again.topics).toEqual({ changes: 0, verified: 2 });
    expect(again.messages).toEqual([]);
    const pids = (report: { readonly status: StatusReport }) => report.status.services.map((service) => service.pid);
    expect(pids(again)).toEqual(pids(up));
  });

  it('stops and starts one worker, and says in between what is amiss with exit status 3', async () => {
    expect((await platform.run(['stop', 'worker-2'])).stdout).toBe('kafka on worker-2: stopped\n');
    const status = await platform.run(['status', '--json']);
    expect(status.status).toBe(3);
    const report = JSON.parse(status.stdout) as StatusReport;
    expect(report.kafka?.brokers).toEqual([1, 3]);
    expect(report.troubles.join()).toContain('kafka on worker-2 is stopped');
    expect(report.kafka?.leaderless).toBe(0);
    expect((await platform.run(['start', 'worker-2'])).stdout).toBe('kafka on worker-2 started and serves\n');
  });

  it('shows a node’s log, and names the nodes there are when asked for another', async () => {
    const logs = await platform.run(['logs', 'worker-1', '-n', '400']);
    expect(logs.stdout).toContain('[KafkaServer id=1] started');
    const unknown = await platform.run(['logs', 'worker-9']);
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toContain('CLUSTER_UNKNOWN_NODE no node "worker-9" in this environment');
    expect(unknown.stderr).toContain('master-1, master-2, master-3, worker-1, worker-2, worker-3');
  });

  it('says which services started with other settings than the environment means now', async () => {
    await platform.write({ masters: 3, workers: 3, kafkaSettings: 'log.retention.hours: 24' });
    const report = JSON.parse((await platform.run(['status', '--json'])).stdout) as StatusReport;
    expect(report.services.filter((service) => service.outdated).map((service) => service.node)).toEqual([
      'worker-1',
      'worker-2',
      'worker-3',
    ]);
    await platform.write({ masters: 3, workers: 3 });
  });

  it('refuses a lowered count while the node that it drops still runs', async () => {
    await platform.write({ masters: 3, workers: 2 });
    const result = await platform.run(['up']);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(
      'OPERATIONS_STRAY_SERVICES kafka on worker-3 runs here, but the environment file no longer names it',
    );
    await platform.write({ masters: 3, workers: 3 });
  });

  it('keeps messages and topics through down and up', async () => {
    const down = await platform.run(['down']);
    expect(down.status).toBe(0);
    const stopped = JSON.parse((await platform.run(['status', '--json'])).stdout) as StatusReport;
    expect(stopped.services.map((service) => service.state)).toEqual(Array(6).fill('stopped'));
    expect((await platform.run(['up', '--no-messages'])).status).toBe(0);
    const messages = await kcat(
      '127.0.30.101:9092',
      '-C',
      '-t',
      'monitoring.pms',
      '-o',
      'beginning',
      '-e',
      '-f',
      '%k\n',
    );
    expect(messages.trim().split('\n').sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `pms-${index + 1}`).sort(),
    );
  });

  it('asks before it removes data, and takes no answer for a no', async () => {
    const refused = await platform.run(['down', '--purge']);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('nothing was stopped or removed');
    const report = JSON.parse((await platform.run(['status', '--json'])).stdout) as StatusReport;
    expect(report.healthy).toBe(true);
  });
});
