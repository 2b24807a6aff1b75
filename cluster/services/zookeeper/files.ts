/**
 * zoo.cfg, myid, the logging file and the options of the virtual machine.
 * Values that differ from ZooKeeper's defaults, and why: ZooKeeper Administrator's Guide 3.8; defaults of cp-ansible and Strimzi.
 */
import type { Node, ServiceFile } from '../../model.ts';
import { loggingFile, serverJvmOptions } from '../jvm.ts';
import { renderJvmOptions, renderProperties, type Setting } from '../properties.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import type { ZookeeperSettings } from './settings.ts';

export function files(site: Site<ZookeeperSettings>): readonly ServiceFile[] {
  const { node, settings } = site;
  const options = [
    ...serverJvmOptions(settings, configurationPath(site, 'zookeeper', 'log4j.properties')),
    {
      option: '-Dzookeeper.datadir.autocreate=false',
      reason: 'a missing volume stops the start instead of making an empty server that joins the quorum',
    },
  ];
  const logging = loggingFile('ZooKeeper’s log', [
    {
      logger: 'org.apache.zookeeper.server.quorum.Learner',
      level: 'WARN',
      reason: 'a line for each session that it learns',
    },
  ]);
  return [
    { place: configuration, path: 'zoo.cfg', text: [renderProperties(`ZooKeeper on ${node.id}`, zooCfg(site))] },
    { place: configuration, path: 'log4j.properties', text: [logging] },
    {
      place: configuration,
      path: 'jvm.options',
      text: [renderJvmOptions(`Java options of ZooKeeper on ${node.id}`, options)],
    },
    { place: { kind: 'volume', volume: dataVolume(node) }, path: 'myid', text: [`${node.ordinal}\n`] },
  ];
}

/** Masters have one volume. */
function dataVolume(node: Node): string {
  return node.volumes[0]?.name ?? 'data-1';
}

function zooCfg({ group, node, settings, addressing }: Site<ZookeeperSettings>): readonly Setting[] {
  const port = (name: string, of: Node = node) => addressing.port(of, 'zookeeper', name);
  const derived: Setting[] = [
    { name: 'tickTime', value: 2000, reason: 'sessions live 2 to 20 ticks: 4 to 40 s, which holds Kafka’s 18 s' },
    {
      name: 'initLimit',
      value: 10,
      reason: 'ticks for a follower to load the leader’s state: 20 s, enough for a snapshot across zones',
    },
    {
      name: 'syncLimit',
      value: 5,
      reason: 'ticks that a follower may lag behind: 10 s, so that a slow zone does not start elections',
    },
    {
      name: 'dataDir',
      value: addressing.path(node, 'zookeeper', { kind: 'volume', volume: dataVolume(node) }),
      reason:
        'a folder within the node’s own volume: were the volume not mounted, the folder would be missing and the start would stop',
    },
    { name: 'clientPort', value: port('client'), reason: 'brokers and the messaging API connect here' },
    {
      name: 'clientPortAddress',
      value: addressing.bind(node),
      reason: 'listens where the node is reached and nowhere else',
    },
    {
      name: 'autopurge.purgeInterval',
      value: 1,
      reason: 'hours; purging is off by default and snapshots fill the disk',
    },
    {
      name: 'autopurge.snapRetainCount',
      value: 5,
      reason: 'snapshots kept: some to go back to, few enough for a small volume',
    },
    {
      name: '4lw.commands.whitelist',
      value: 'srvr,mntr,ruok',
      reason: 'what readiness, status and monitoring ask; the default allows srvr alone',
    },
    {
      name: 'admin.enableServer',
      value: false,
      reason: 'listens on 0.0.0.0:8080 by default, the messaging API’s own port',
    },
  ];
  const servers = group.nodes.map((peer) => ({
    name: `server.${peer.ordinal}`,
    value: `${addressing.host(peer)}:${port('quorum', peer)}:${port('election', peer)}`,
    reason: `${peer.id}${peer.leaving ? ', which is leaving' : ''}: its number is its own for life`,
  }));
  const own = new Set(derived.map(({ name }) => name));
  const kept = derived.map((setting) => {
    const value = settings.user[setting.name];
    return value === undefined ? setting : { ...setting, value, reason: 'set in the environment file' };
  });
  const added = Object.entries(settings.user)
    .filter(([name]) => !own.has(name))
    .map(([name, value]) => ({ name, value, reason: 'set in the environment file' }));
  return [...kept, ...added, ...servers];
}
