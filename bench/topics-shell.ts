/**
 * What people do today, a shell loop of `kafka-topics.sh --create`, one JVM started for each topic, against `ensemble topics apply` of the same
 * topics: whole processes, from the shell's point of view.
 */
import { createDeployment } from '../operations/deployment.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { type BenchPlatform, runCommand, serverRuntime } from './platform.ts';
import { bootstrap, manyTopics, type TopicsCluster, withTopicsCluster } from './topics-cluster.ts';

const rounds = 2;
const count = 20;

const names = {
  ensemble: `ensemble topics apply of ${count}, a topic`,
  shell: `kafka-topics.sh --create, ${count} times, a topic`,
};

/** What kafka-run-class.sh of Kafka 3.9 gives a tool that asks for nothing else. */
const shellFlags = [
  '-Xmx256M',
  '-server',
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
  '-Djava.awt.headless=true',
];

export const topicsShell: Figure = {
  name: 'topics-shell',
  async measure(progress) {
    const samples = new Samples('ms');
    await withTopicsCluster(async (cluster) => {
      const tool = await topicCommand(cluster.platform);
      for (let round = 1; round <= rounds; round += 1) {
        samples.add(names.ensemble, (await timeEnsemble(cluster, round)) / count);
        samples.add(names.shell, (await timeShell(tool, round)) / count);
        const last = samples.all().map(({ name, values }) => `${name} ${Math.round(values.at(-1) ?? 0)}`);
        progress(`round ${round} of ${rounds}: ${last.join('; ')}`);
      }
    });
    return {
      figure: 'topics-shell',
      about: `${count} new topics of 3 partitions and 2 replicas on a running cluster, by whole processes; each figure is the whole, divided by ${count}.`,
      samples: samples.all(),
      comparisons: [
        compare(
          'ensemble topics apply / kafka-topics.sh in a loop',
          samples.get(names.ensemble),
          samples.get(names.shell),
        ),
      ],
      notes: [
        'The peer is org.apache.kafka.tools.TopicCommand from the same Kafka with the flags of kafka-run-class.sh, started directly (the shell script’s own time is spared), one process after the other. It verifies nothing.',
        '`ensemble topics apply --yes` is one process: it reads the manifest, plans, makes the topics and verifies them.',
      ],
    };
  },
};

async function timeEnsemble({ platform, writeManifest }: TopicsCluster, round: number): Promise<number> {
  const manifest = await writeManifest(manyTopics(`ours.${round}`, count, 3, 2));
  const before = performance.now();
  await platform.ensemble(['topics', 'apply', '--yes', '--manifest', manifest]);
  return performance.now() - before;
}

async function timeShell(tool: readonly string[], round: number): Promise<number> {
  const [java = 'java', ...args] = tool;
  const before = performance.now();
  for (const { topic } of manyTopics(`shell.${round}`, count, 3, 2)) {
    const wish = ['--create', '--topic', topic, '--partitions', '3', '--replication-factor', '2'];
    await runCommand(java, [...args, '--bootstrap-server', bootstrap.join(','), ...wish]);
  }
  return performance.now() - before;
}

/** The command line of kafka-topics.sh as it ends up. */
async function topicCommand({ environmentFile, stateRoot }: BenchPlatform): Promise<readonly string[]> {
  const deployment = await createDeployment({ environment: environmentFile, environmentsDirectory: '', stateRoot });
  const { executable, classpath } = await serverRuntime(deployment, 'kafka');
  return [executable, ...shellFlags, '-cp', classpath.join(':'), 'org.apache.kafka.tools.TopicCommand'];
}
