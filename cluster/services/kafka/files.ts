/**
 * server.properties, the certificates' places, the logging file and the options of the virtual machine.
 * Values that differ from Kafka's defaults, and why: Kafka 3.9 documentation ("Broker Configs", "Operations"), reasons beside each.
 */
import type { Cluster, Node, ServiceFile } from '../../model.ts';
import { loggingFile, serverJvmOptions } from '../jvm.ts';
import { renderJvmOptions, renderProperties, type Setting } from '../properties.ts';
import { configuration, configurationPath, type Site } from '../service.ts';
import type { KafkaSettings } from './settings.ts';

/** Kafka's part of the quorum's tree, so that another system may use the same masters. The messaging API's kafka_znode names it too. */
export const chroot = '/kafka';

export function files(site: Site<KafkaSettings>): readonly ServiceFile[] {
  const { node, settings } = site;
  const options = serverJvmOptions(settings, configurationPath(site, 'kafka', 'log4j.properties'));
  const logging = loggingFile('Kafka’s log', [
    { logger: 'org.apache.zookeeper', level: 'WARN', reason: 'the client’s chatter about its sessions' },
    { logger: 'state.change.logger', level: 'WARN', reason: 'a line for each partition at each change of leader' },
    { logger: 'kafka.request.logger', level: 'WARN', reason: 'a line for each request' },
  ]);
  return [
    {
      place: configuration,
      path: 'server.properties',
      text: [renderProperties(`Kafka on ${node.id}`, serverProperties(site))],
    },
    { place: configuration, path: 'log4j.properties', text: [logging] },
    {
      place: configuration,
      path: 'jvm.options',
      text: [renderJvmOptions(`Java options of Kafka on ${node.id}`, options)],
    },
    { place: configuration, path: 'tls/keystore.pem', mode: 0o600, text: [{ secret: `tls/${node.id}.keystore.pem` }] },
    { place: configuration, path: 'tls/ca.pem', text: [{ secret: 'tls/ca.pem' }] },
  ];
}

/** The addresses of the quorum's client listeners with Kafka's chroot, as `zookeeper.connect` takes them. */
function quorumAddress({ cluster, addressing }: Site<KafkaSettings>): string {
  const members = cluster.groups
    .filter((group) => group.services.includes('zookeeper'))
    .flatMap((group) => group.nodes)
    .map((member) => `${addressing.host(member)}:${addressing.port(member, 'zookeeper', 'client')}`);
  return `${members.join(',')}${chroot}`;
}

function serverProperties(site: Site<KafkaSettings>): readonly Setting[] {
  const derived = [...shape(site), ...safety(site), ...profileSettings(site.settings)];
  const own = new Set(derived.map(({ name }) => name));
  const { user } = site.settings;
  const kept = derived.map((setting) => {
    const value = user[setting.name];
    return value === undefined ? setting : { ...setting, value, reason: 'set in the environment file' };
  });
  const added = Object.entries(user)
    .filter(([name]) => !own.has(name))
    .map(([name, value]) => ({ name, value, reason: 'set in the environment file' }));
  return [...kept, ...added];
}

function shape(site: Site<KafkaSettings>): readonly Setting[] {
  const { node, addressing } = site;
  const on = (host: string) =>
    `PLAINTEXT://${host}:${addressing.port(node, 'kafka', 'plaintext')},TLS://${host}:${addressing.port(node, 'kafka', 'tls')}`;
  const tls = (file: string) => configurationPath(site, 'kafka', `tls/${file}`);
  return [
    {
      name: 'broker.id',
      value: node.ordinal,
      reason: 'the node’s own number for life: its replicas are found under it',
    },
    {
      name: 'broker.id.generation.enable',
      value: false,
      reason: 'a missing number must stop the start, not invent a new broker',
    },
    { name: 'broker.rack', value: node.zone, reason: 'the zone: Kafka spreads each partition’s replicas over racks' },
    {
      name: 'zookeeper.connect',
      value: quorumAddress(site),
      reason: 'every master, so that any one may be away; a chroot of Kafka’s own',
    },
    {
      name: 'listeners',
      value: on(addressing.bind(node)),
      reason: 'plain for the messaging API inside the private network, TLS for everyone else',
    },
    {
      name: 'advertised.listeners',
      value: on(addressing.host(node)),
      reason: 'a stable name or address, which outlives the machine',
    },
    {
      name: 'listener.security.protocol.map',
      value: 'PLAINTEXT:PLAINTEXT,TLS:SSL',
      reason: 'our names for the two listeners',
    },
    { name: 'inter.broker.listener.name', value: 'TLS', reason: 'brokers know each other by certificate' },
    { name: 'ssl.client.auth', value: 'required', reason: 'the environment’s CA decides who connects by TLS' },
    {
      name: 'ssl.keystore.type',
      value: 'PEM',
      reason: 'key and certificate as they were issued, without a Java key store’s password',
    },
    { name: 'ssl.keystore.location', value: tls('keystore.pem'), reason: 'this node’s key and certificate' },
    { name: 'ssl.truststore.type', value: 'PEM', reason: 'the CA’s certificate as it is' },
    { name: 'ssl.truststore.location', value: tls('ca.pem'), reason: 'the environment’s own CA and no other' },
    { name: 'log.dirs', value: logDirs(node, site), reason: 'a folder within each volume of the node' },
  ];
}

function logDirs(node: Node, { addressing }: Site<KafkaSettings>): string {
  return node.volumes.map(({ name }) => addressing.path(node, 'kafka', { kind: 'volume', volume: name })).join(',');
}

/** Upstream's messaging API makes no topics of its own and reads partition 0 alone. */
function upstreamApi({ groups }: Cluster): boolean {
  return groups.some(({ settings }) => {
    const api = settings['messaging-api'];
    return typeof api === 'object' && api !== null && 'program' in api && api.program !== 'ensemble';
  });
}

function safety({ cluster, settings }: Site<KafkaSettings>): readonly Setting[] {
  const upstream = upstreamApi(cluster);
  const { replicas, minInsyncReplicas, internalReplicas, internalMinInsyncReplicas, recoveryThreads } = settings;
  return [
    {
      name: 'default.replication.factor',
      value: replicas,
      reason: 'f + 1: a topic made without a count still tolerates f failures',
    },
    {
      name: 'min.insync.replicas',
      value: minInsyncReplicas,
      reason: 'replicas less f: writing with acks=all goes on while f brokers are gone',
    },
    upstream
      ? { name: 'num.partitions', value: 1, reason: 'upstream’s messaging API reads partition 0 and no other' }
      : { name: 'num.partitions', value: 3, reason: 'the platform’s default for a topic' },
    upstream
      ? {
          name: 'auto.create.topics.enable',
          value: true,
          reason: 'upstream’s messaging API makes no topics; a broker makes one at its first message',
        }
      : {
          name: 'auto.create.topics.enable',
          value: false,
          reason: 'topics come from the manifest; a mistyped name is an error, not a topic',
        },
    {
      name: 'unclean.leader.election.enable',
      value: false,
      reason: 'a replica that lags never leads: waiting loses nothing, electing it would',
    },
    {
      name: 'offsets.topic.replication.factor',
      value: internalReplicas,
      reason: 'consumers’ positions on three brokers, or on all there are',
    },
    {
      name: 'transaction.state.log.replication.factor',
      value: internalReplicas,
      reason: 'transactions on three brokers, or on all there are',
    },
    {
      name: 'transaction.state.log.min.isr',
      value: internalMinInsyncReplicas,
      reason: 'transactions go on while f brokers are gone',
    },
    {
      name: 'num.recovery.threads.per.data.dir',
      value: recoveryThreads,
      reason: 'a thread a core to read logs after an unclean stop; the default is one',
    },
    {
      name: 'message.max.bytes',
      value: 2_000_000,
      reason: 'the messaging API sends messages to 1.5 MB and fetches to 2 MB',
    },
  ];
}

function profileSettings({ internalTopicPartitions, initialRebalanceDelayMs }: KafkaSettings): readonly Setting[] {
  const partitions = (name: string): readonly Setting[] =>
    internalTopicPartitions === undefined
      ? []
      : [
          {
            name,
            value: internalTopicPartitions,
            reason: 'profile: few partitions, since 50 are most of a small cluster’s first start',
          },
        ];
  const delay: readonly Setting[] =
    initialRebalanceDelayMs === undefined
      ? []
      : [
          {
            name: 'group.initial.rebalance.delay.ms',
            value: initialRebalanceDelayMs,
            reason: 'profile: a group’s first consumer does not wait 3 s for others',
          },
        ];
  return [
    ...partitions('offsets.topic.num.partitions'),
    ...partitions('transaction.state.log.num.partitions'),
    ...delay,
  ];
}
