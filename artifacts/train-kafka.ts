/**
 * Kafka's training run: one broker against one ZooKeeper, both of Kafka's own jars. Brokers speak TLS to each other, so it does with itself (the
 * controller is a client of every broker, its own too), and it makes two topics, one through its group coordinator.
 */
import { stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { endGracefully, freePorts, hasLogged, type TrainingRun, until, withTrainingProcesses } from './training.ts';

/** PEM texts, as secrets/ issues them; for 127.0.0.1, and good for some minutes. */
export interface TrainingCertificate {
  /** PKCS#8. */
  readonly keyPem: string;
  readonly certificatePem: string;
  readonly authorityPem: string;
}

/** Without a certificate everything but TLS is trained. */
export async function trainKafka(run: TrainingRun, certificate: TrainingCertificate | undefined): Promise<void> {
  const [client = 0, plain = 0, tls = 0] = await freePorts(3);
  const zoo = join(run.folder, 'zoo.cfg');
  await writeFile(
    zoo,
    `dataDir=${join(run.folder, 'zookeeper')}\nclientPort=${client}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`,
  );
  const logs = join(run.folder, 'data');
  const properties = join(run.folder, 'server.properties');
  await writeFile(
    properties,
    [
      'broker.id=1',
      `zookeeper.connect=127.0.0.1:${client}`,
      `log.dirs=${logs}`,
      ...(certificate === undefined ? [`listeners=PLAINTEXT://127.0.0.1:${plain}`] : tlsLines(plain, tls, certificate)),
      'num.partitions=1',
      'offsets.topic.num.partitions=1',
      'offsets.topic.replication.factor=1',
      'auto.create.topics.enable=true',
      'controlled.shutdown.enable=false',
      '',
    ].join('\n'),
  );
  await withTrainingProcesses(run, async (start, signal) => {
    start('zookeeper', [], ['org.apache.zookeeper.server.quorum.QuorumPeerMain', zoo]);
    const broker = start('kafka', [`-XX:ArchiveClassesAtExit=${run.archive}`], ['kafka.Kafka', properties]);
    await until(broker, hasLogged(broker, '[KafkaServer id=1] started'), signal);
    const requests = [metadataRequest('training'), findCoordinatorRequest('training')];
    const folders = ['training-0', '__consumer_offsets-0'].map((topic) => join(logs, topic));
    // Asked again and again, as clients do: a broker that has only just started does not know yet of any broker to put a topic on.
    const allMade = async () => {
      for (const request of requests) await send(plain, request);
      return (await Promise.all(folders.map((path) => stat(path).catch(() => undefined)))).every(Boolean);
    };
    await until(broker, allMade, signal);
    await endGracefully(broker, signal);
  });
}

function tlsLines(plain: number, tls: number, certificate: TrainingCertificate): string[] {
  return [
    `listeners=PLAINTEXT://127.0.0.1:${plain},SSL://127.0.0.1:${tls}`,
    'security.inter.broker.protocol=SSL',
    'ssl.client.auth=required',
    'ssl.keystore.type=PEM',
    'ssl.truststore.type=PEM',
    `ssl.keystore.certificate.chain=${oneLine(certificate.certificatePem)}`,
    `ssl.keystore.key=${oneLine(certificate.keyPem)}`,
    `ssl.truststore.certificates=${oneLine(certificate.authorityPem)}`,
  ];
}

/** A PEM in one line of a properties file: the escapes are read back as line ends. */
function oneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n');
}

// Two requests of Kafka's protocol in their oldest versions, by hand: a client library would be a second arrow for forty bytes.
// Source: kafka.apache.org/protocol, Metadata (3) and FindCoordinator (10), request header v1.

/** Version 1 with the broker's auto-creation on makes the topic. */
function metadataRequest(topic: string): Buffer {
  return frame(3, 1, Buffer.concat([int32(1), string(topic)]));
}

/** Version 0 makes the offsets topic. */
function findCoordinatorRequest(group: string): Buffer {
  return frame(10, 0, string(group));
}

function frame(api: number, version: number, body: Buffer): Buffer {
  const header = Buffer.concat([int16(api), int16(version), int32(1), string('training')]);
  return Buffer.concat([int32(header.length + body.length), header, body]);
}

function int16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeInt16BE(value);
  return buffer;
}

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

function string(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}

/** Sends one request and waits for the first bytes of its answer. */
function send(port: number, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.setTimeout(10_000, () => socket.destroy(new Error('the training broker did not answer')));
    socket.once('data', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the training broker hung up')));
  });
}
