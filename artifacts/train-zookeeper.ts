/**
 * ZooKeeper's training run: an ensemble of two, since a single server would load nothing of elections and quorums. The one that trains has the lower
 * id and so becomes the follower, which most masters are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { endGracefully, freePorts, type TrainingRun, until, withTrainingProcesses } from './training.ts';

export async function trainZooKeeper(run: TrainingRun): Promise<void> {
  const ports = await freePorts(6);
  const port = (index: number): number => ports[index] ?? 0;
  const members = [1, 2].map((id) => `server.${id}=127.0.0.1:${port(2 * id)}:${port(2 * id + 1)}`);
  for (const id of [1, 2]) {
    const data = join(run.folder, `zookeeper-${id}`);
    await mkdir(data);
    await writeFile(join(data, 'myid'), `${id}\n`);
    await writeFile(
      join(run.folder, `zookeeper-${id}.cfg`),
      [
        `dataDir=${data}`,
        `clientPort=${port(id - 1)}`,
        'clientPortAddress=127.0.0.1',
        'tickTime=500',
        'initLimit=20',
        'syncLimit=10',
        'admin.enableServer=false',
        'standaloneEnabled=false',
        '4lw.commands.whitelist=srvr',
        'autopurge.purgeInterval=1',
        'autopurge.snapRetainCount=3',
        ...members,
        '',
      ].join('\n'),
    );
  }
  const main = (id: number) => [
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    join(run.folder, `zookeeper-${id}.cfg`),
  ];
  await withTrainingProcesses(run, async (start, signal) => {
    start('zookeeper-2', [], main(2));
    const trained = start('zookeeper-1', [`-XX:ArchiveClassesAtExit=${run.archive}`], main(1));
    await until(trained, async () => /Mode: (follower|leader)/.test(await askServer(port(0))), signal);
    await endGracefully(trained, signal);
  });
}

/** What `srvr` answers, or nothing yet. */
function askServer(port: number): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write('srvr'));
    socket.setTimeout(1000, () => socket.destroy());
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}
