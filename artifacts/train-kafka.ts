/**
 * Kafka's training run: one broker against one ZooKeeper, both of Kafka's own jars. Brokers speak TLS to each other, so it does with itself (the
 * controller is a client of every broker, its own too), and it makes two topics, one through its group coordinator.
 */
import 'reflect-metadata';
import { stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { endGracefully, freePorts, hasLogged, type TrainingRun, until, withTrainingProcesses } from './training.ts';

export async function trainKafka(run: TrainingRun): Promise<void> {
  const [client = 0, plain = 0, tls = 0] = await freePorts(3);
  const zoo = join(run.folder, 'zoo.cfg');
  await writeFile(
    zoo,
    `dataDir=${join(run.folder, 'zookeeper')}\nclientPort=${client}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n`,
  );
  const logs = join(run.folder, 'data');
  const properties = join(run.folder, 'server.properties');
  const certificate = await selfSigned();
  await writeFile(
    properties,
    [
      'broker.id=1',
      `zookeeper.connect=127.0.0.1:${client}`,
      `log.dirs=${logs}`,
      `listeners=PLAINTEXT://127.0.0.1:${plain},SSL://127.0.0.1:${tls}`,
      'security.inter.broker.protocol=SSL',
      'ssl.client.auth=required',
      'ssl.keystore.type=PEM',
      'ssl.truststore.type=PEM',
      `ssl.keystore.certificate.chain=${oneLine(certificate.certificate)}`,
      `ssl.keystore.key=${oneLine(certificate.key)}`,
      `ssl.truststore.certificates=${oneLine(certificate.certificate)}`,
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
    await until(broker, hasLogged(broker, 'started (kafka.server.KafkaServer)'), signal);
    for (const request of [metadataRequest('training'), findCoordinatorRequest('training')]) await send(plain, request);
    const made = ['training-0', '__consumer_offsets-0'].map((topic) => join(logs, topic));
    const allMade = async () =>
      (await Promise.all(made.map((path) => stat(path).catch(() => undefined)))).every((found) => found !== undefined);
    await until(broker, allMade, signal);
    await endGracefully(broker, signal);
  });
}

/** A PEM in one line of a properties file: the escapes are read back as line ends. */
function oneLine(pem: string): string {
  return pem.trim().replaceAll('\n', '\\n');
}

/** A certificate for 127.0.0.1 that lives as long as the run. */
async function selfSigned(): Promise<{ certificate: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const hour = 3_600_000;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=training',
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + hour),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const lines = key.match(/.{1,64}/g) ?? [];
  return {
    certificate: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----`,
  };
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
