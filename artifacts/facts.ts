/**
 * Generated facts: what Kafka's own jars say of its settings, as the committed *.facts.json have them. A test compares the two, so that an upgrade of
 * the jars shows which settings came, went or changed.
 */
import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { installationRoot } from '../platform/installation-root.ts';
import type { Artifact } from './ensure-artifact.ts';
import { settingsNotDescribed } from './errors.ts';
import type { Java } from './find-java.ts';

/** Where each kind's facts are committed, relative to the installation. topics/ has its own, since it may not look into cluster/. */
export const factFiles = {
  broker: 'cluster/services/kafka/broker-settings.facts.json',
  topic: 'topics/manifest/topic-settings.facts.json',
} as const;

/** The text of the facts file. Needs a JDK: Java compiles the program as it starts it. Throws ARTIFACTS_SETTINGS_NOT_DESCRIBED. */
export async function describeSettings(kind: keyof typeof factFiles, kafka: Artifact, java: Java): Promise<string> {
  const program = join(installationRoot(), 'artifacts', 'describe', 'DescribeSettings.java');
  const jvm = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', kafka.classpath.join(delimiter)];
  try {
    // About 90 kB; the limit only guards against a program gone wild.
    return (await promisify(execFile)(java.executable, [...jvm, program, kind], { maxBuffer: 1 << 24 })).stdout;
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw settingsNotDescribed(output.trim().split('\n').slice(-12));
  }
}
