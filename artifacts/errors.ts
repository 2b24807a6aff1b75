/** The faults that artifacts/ raises: what could not be fetched or is not what the lock says, and which Java is missing. */
import { EnsembleError } from '../contracts/error.ts';

export interface FailedWay {
  /** As a person knows it: `Maven`, `KAFKA_HOME`, `the Apache archive`. */
  readonly name: string;
  readonly reason: string;
  readonly evidence?: readonly string[];
}

const installMaven =
  'Install Maven (apt-get install maven; brew install maven) on a machine that reaches its repository';

export function notFetched(
  service: string,
  version: string,
  ways: readonly FailedWay[],
  folder: string,
): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_NOT_FETCHED',
    message: `${service} ${version} is neither in the cache (${folder}) nor could it be fetched: ${ways.map((way) => `${way.name}: ${way.reason}`).join('; ')}`,
    next:
      service === 'mongodb-stand-in'
        ? `${installMaven}, since Apache's archive does not hold it, or install MongoDB itself; then run the command again.`
        : `${installMaven}, or unpack kafka_2.13-3.9.1.tgz by hand and set KAFKA_HOME to that folder; then run the command again.`,
    evidence: ways.flatMap((way) => (way.evidence ?? []).map((line) => `${way.name}: ${line}`)),
  });
}

/** Inside a way: why it gave nothing. `ensureArtifact` collects these and goes on to the next way. */
export function wayFailed(
  way: string,
  reason: string,
  evidence: readonly string[] = [],
  cause?: unknown,
): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_WAY_FAILED',
    message: reason,
    next: `Mend ${way}, or let one of the other ways do it.`,
    evidence,
    cause,
  });
}

export function cacheDamaged(folder: string, reason: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_CACHE_DAMAGED',
    message: `${folder} is not what it was when it was made: ${reason}`,
    next: 'Remove that folder and run the command again: it is made anew.',
  });
}

const installJava =
  'Install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) or set JAVA_HOME to one that is there.';

export function noJava(looked: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_NO_JAVA',
    message: `No Java was found in JAVA_HOME, on the PATH or in the usual places (${looked.join(', ')})`,
    next: installJava,
  });
}

export function javaTooOld(home: string, version: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_JAVA_TOO_OLD',
    message: `The Java in ${home} is ${version}, and the oldest that Ensemble runs Kafka on is 17`,
    next: installJava,
  });
}

export function javaTooNew(home: string, version: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_JAVA_TOO_NEW',
    message: `The Java in ${home} is ${version}; Kafka 3.9 and ZooKeeper 3.8 run up to 23, since 24 took away the security manager that they call`,
    next: installJava,
  });
}

export function settingsNotDescribed(evidence: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_SETTINGS_NOT_DESCRIBED',
    message: 'Kafka did not say what its settings are: the Java program that asks it failed',
    next: 'Read its last lines above; another version of Kafka may have renamed the classes that artifacts/describe/DescribeSettings.java asks.',
    evidence,
  });
}

export function launcherNotCompiled(evidence: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_LAUNCHER_NOT_COMPILED',
    message: 'artifacts/mongodb-stand-in/StandIn.java was not compiled',
    next: 'Read what the compiler says; a Java without javac needs its development kit (apt-get install openjdk-17-jdk-headless).',
    evidence,
  });
}

export function programAbsent(name: string, main: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_PROGRAM_ABSENT',
    message: `The program ${name} is not part of this installation: there is no ${main}`,
    next: 'Install Ensemble again, whole; its programs are bundled from their sources.',
  });
}

const mendUpstream = (namedBy: string | undefined) =>
  namedBy !== undefined
    ? `Mend \`${namedBy}\` in the environment file.`
    : 'Mend `program: { upstream: … }` in the environment file, or take `program: ensemble`, which needs nothing.';

export function upstreamNotFetched(
  program: string,
  source: string,
  reason: string,
  cause: unknown,
  namedBy?: string,
): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_UPSTREAM_NOT_FETCHED',
    message: `${program} could not be fetched from ${source}: ${reason}`,
    next: mendUpstream(namedBy),
    cause,
  });
}

export function upstreamWrongBytes(
  program: string,
  source: string,
  expected: string,
  found: string,
  namedBy?: string,
): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_UPSTREAM_WRONG_BYTES',
    message: `What ${source} holds is not the ${program} that the environment names: its SHA-256 is ${found} instead of ${expected}. It was not used`,
    next: `Find out which of the two is right before you change the hash. ${mendUpstream(namedBy)}`,
  });
}

export function upstreamNotExecutable(program: string, source: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_UPSTREAM_NOT_EXECUTABLE',
    message: `${source} gives no ${program} that runs: ${why}`,
    next: mendUpstream(undefined),
  });
}

/** Throughout this room: what makes the lock's entries of runtimes anew. */
const relock = '`npm run generate runtimes` takes what is carried today, for you to review';

export function debianNotFetched(name: string, version: string, reasons: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_DEBIAN_NOT_FETCHED',
    message: `Debian's ${name} ${version}, which artifacts.lock.json names, could not be fetched: ${reasons.join('; ')}`,
    next: `Run \`apt-get update\` on a Debian 12 machine and try again. If Debian carries that version no more, ${relock}; or let ENSEMBLE_DEBIAN_MIRROR name an archive that keeps old ones.`,
  });
}

export function debianWrongBytes(name: string, version: string, expected: string, found: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_DEBIAN_WRONG_BYTES',
    message: `What came as Debian's ${name} ${version} has the SHA-256 ${found} instead of ${expected}. It was not used`,
    next: 'Find out which mirror apt is set to, and why it gives other bytes than Debian published.',
  });
}

export function debianNotAsked(name: string, reason: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_DEBIAN_NOT_ASKED',
    message: `apt does not say which ${name} Debian carries: ${reason}`,
    next: 'Run this on a Debian 12 machine, after `apt-get update`.',
  });
}

export function notLinuxX64(what: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_NOT_LINUX_X64',
    message: `Java for nodes is made by jlink on Debian, on x86-64, and this is ${what}`,
    next: 'Run the command on such a machine, or in a container of Debian 12 with Node; or bring its .ensemble/archives folder here.',
  });
}

export function javaNotLinked(tool: string, evidence: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_JAVA_NOT_LINKED',
    message: `${tool} of the development kit that artifacts.lock.json names failed`,
    next: 'Read its last lines above.',
    evidence,
  });
}

export function nodeNotFetched(name: string, version: string, evidence: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_NODE_NOT_FETCHED',
    message: `Node for nodes, the npm package ${name} ${version}, could not be fetched`,
    next: 'Read what npm said above; the machine must reach the npm registry, directly or as its own settings say.',
    evidence,
  });
}

export function archiveWrongBytes(name: string, expected: string, found: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_ARCHIVE_WRONG_BYTES',
    message: `The archive of ${name} was made, and its SHA-256 is ${found} instead of ${expected}, which artifacts.lock.json names. It was not kept`,
    next: 'The same packages must give the same bytes: report this as a fault, with what `ensemble doctor` prints on this machine.',
  });
}

export function notTheLocked(name: string, source: string): EnsembleError {
  return new EnsembleError({
    code: 'ARTIFACTS_NOT_THE_LOCKED',
    message: `What this machine has of ${name} (${source}) is not the archive that artifacts.lock.json names, and nodes get that one alone`,
    next: 'Install Maven on a machine that reaches its repository, unset KAFKA_HOME, and run the command again.',
  });
}
