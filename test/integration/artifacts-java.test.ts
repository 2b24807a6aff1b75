/** The real jars on the real Java: that each service's set runs, that class-data archives fit, and that the committed facts are true. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect } from 'vitest';
import { classDataFlags, ensureClassData } from '../../artifacts/class-data.ts';
import { type Artifact, ensureArtifact, verifyArtifact } from '../../artifacts/ensure-artifact.ts';
import { describeSettings, factFiles } from '../../artifacts/facts.ts';
import { findJava, type Java } from '../../artifacts/find-java.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { issueAuthority, issueCertificate, newKeyPem } from '../../secrets/issue.ts';
import { requires } from '../requirements.ts';

const { describe, it: test } = requires('java');
const { it: testWithCompiler } = requires('java', 'javac');

let java: Java;
let kafka: Artifact;
let zookeeper: Artifact;
beforeAll(async () => {
  // Where Java is lacking every test below is skipped, and nothing is to be fetched for them.
  java = await findJava();
  kafka = await ensureArtifact('kafka');
  zookeeper = await ensureArtifact('zookeeper');
}, 300_000);

const run = (flags: readonly string[]) => promisify(execFile)(java.executable, flags, { maxBuffer: 1 << 26 });

test('what the cache holds is what the lock names', async () => {
  await verifyArtifact(kafka);
  await verifyArtifact(zookeeper);
});

test.each([
  'org.apache.kafka.tools.TopicCommand',
  'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka.tools.ConsoleProducer',
  'kafka.admin.ConfigCommand',
])(
  "Kafka's own %s runs from its set of jars",
  async (main) => {
    expect((await run(['-cp', kafka.classpath.join(delimiter), main, '--version'])).stdout).toContain('3.9.1');
  },
  30_000,
);

testWithCompiler.each(['broker', 'topic'] as const)(
  'the committed facts on %s settings are what the jars say',
  async (kind) => {
    const committed = await readFile(join(installationRoot(), factFiles[kind]), 'utf8');
    expect(await describeSettings(kind, kafka, java)).toBe(committed);
  },
  60_000,
);

test('a program that cannot ask says so with what Java said', async () => {
  await expect(describeSettings('broker', { ...kafka, classpath: [] }, java)).rejects.toMatchObject({
    code: 'ARTIFACTS_SETTINGS_NOT_DESCRIBED',
    evidence: expect.arrayContaining([expect.stringContaining('error')]),
  });
}, 60_000);

describe('class-data archives', () => {
  async function certificate() {
    const hour = 3_600_000;
    const validity = { notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + hour) };
    const [authorityKey, keyPem] = [newKeyPem(), newKeyPem()];
    const authorityPem = await issueAuthority('training', authorityKey, validity);
    const authority = { certificatePem: authorityPem, keyPem: authorityKey };
    const hosts = [{ type: 'ip' as const, value: '127.0.0.1' }];
    const certificatePem = await issueCertificate({ ...validity, commonName: 'training', hosts, keyPem, authority });
    return { keyPem, certificatePem, authorityPem };
  }

  test.each([
    ['zookeeper', 'org.apache.zookeeper.server.quorum.QuorumPeerMain'],
    ['kafka', 'kafka.server.KafkaServer'],
  ] as const)(
    'of %s are made once, and serve under both collectors and compilers',
    async (service, main) => {
      const artifact = service === 'kafka' ? kafka : zookeeper;
      const cacheDirectory = await mkdtemp(join(tmpdir(), 'ensemble-class-data-'));
      const notices: string[] = [];
      try {
        const ask = () =>
          ensureClassData({ java, artifact, cacheDirectory, certificate, onProgress: (line) => notices.push(line) });
        const [archive, again] = await Promise.all([ask(), ask()]);
        expect(archive, notices.join('\n')).toBeDefined();
        expect(again).toBe(archive);
        expect(notices.filter((line) => line.includes('started once on the side'))).toHaveLength(1);
        for (const flags of [['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'], ['-XX:+UseG1GC']]) {
          // Named by a class that the archive should hold, whose start fails at once for want of arguments.
          const jvm = [
            ...flags,
            ...classDataFlags(archive),
            '-Xlog:class+load',
            '-cp',
            artifact.classpath.join(delimiter),
            main,
          ];
          const { stdout } = await run(jvm).catch((error: { stdout: string }) => error);
          expect(stdout).toMatch(new RegExp(`${main.replaceAll('.', '\\.')} source: shared objects file \\(top\\)`));
        }
      } finally {
        await rm(cacheDirectory, { recursive: true, force: true });
      }
    },
    120_000,
  );

  test('that cannot be made are a notice, never a failure', async () => {
    const cacheDirectory = await mkdtemp(join(tmpdir(), 'ensemble-class-data-'));
    const notices: string[] = [];
    const broken = { ...java, executable: join(cacheDirectory, 'no-java') };
    const onProgress = (line: string) => notices.push(line);
    expect(await ensureClassData({ java: broken, artifact: zookeeper, cacheDirectory, onProgress })).toBeUndefined();
    expect(notices.at(-1)).toMatch(/no class-data archive for zookeeper, so it starts more slowly: .*no-java/);
    await rm(cacheDirectory, { recursive: true, force: true });
  }, 90_000);
});
