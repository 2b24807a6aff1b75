/** What services on the Java virtual machine have in common: heap, start-up flags, and logging to standard output. */
import { z } from 'zod';
import type { JvmOption } from './properties.ts';

export const heapSpec = z.int().min(64, { error: 'a heap of at least 64 MiB' });

/** Options that begin with -XX, so that a profile cannot reach system properties or the class path. */
export const jvmFlagsSpec = z.array(z.string().regex(/^-XX:\S+$/, { error: 'a flag in the form -XX:Name=value' }));

/** The flags of Kafka's own kafka-run-class.sh for servers: G1 with short pauses. */
export const productionJvmFlags: readonly string[] = [
  '-XX:+UseG1GC',
  '-XX:MaxGCPauseMillis=20',
  '-XX:InitiatingHeapOccupancyPercent=35',
  '-XX:+ExplicitGCInvokesConcurrent',
  '-XX:MaxInlineLevel=15',
];

/** The options that every server gets. `logging` is the absolute path of its log4j file. */
export function serverJvmOptions(
  { heapMiB, jvmFlags }: { readonly heapMiB: number; readonly jvmFlags: readonly string[] },
  logging: string,
): readonly JvmOption[] {
  return [
    { option: `-Xms${heapMiB}m`, reason: 'the whole heap from the start: it never grows in the middle of an election' },
    { option: `-Xmx${heapMiB}m`, reason: 'the derived heap; the rest of the memory is page cache' },
    ...jvmFlags.map((option) => ({
      option,
      reason: 'start-up flag: the production set, or the environment’s profile',
    })),
    {
      option: '-XX:+ExitOnOutOfMemoryError',
      reason: 'a server without memory half works: end it, so that its supervisor starts it anew',
    },
    { option: '-Djava.awt.headless=true', reason: 'a server has no display' },
    { option: `-Dlog4j.configuration=${fileUrl(logging)}`, reason: 'the logging file beside this one' },
  ];
}

/** log4j takes a URL: a `#` or `%` in a folder's name would end or change the path. */
function fileUrl(path: string): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}`;
}

/** Memory beside the heap: metaspace, code, threads and buffers. Measured on ZooKeeper 3.8.4 and Kafka 3.9.1 with Java 17, rounded up. */
export const beyondHeapMiB = 200;

/** Logs go to standard output: the process driver keeps them in a file, a host in its journal, a pod where its cluster collects them. */
export function loggingFile(
  title: string,
  quieter: readonly { readonly logger: string; readonly level: string; readonly reason: string }[],
): string {
  const loggers = quieter.map(({ logger, level, reason }) => `# ${reason}\nlog4j.logger.${logger}=${level}\n`);
  return `# ${title}
log4j.rootLogger=INFO, stdout

# standard output alone: whoever runs the process keeps and rotates it
log4j.appender.stdout=org.apache.log4j.ConsoleAppender
log4j.appender.stdout.layout=org.apache.log4j.PatternLayout
# the ISO date first, so that the logs of several nodes merge by sorting
log4j.appender.stdout.layout.ConversionPattern=%d{ISO8601} %p %m (%c)%n

${loggers.join('\n')}`;
}
