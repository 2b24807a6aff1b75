/**
 * The messaging API as a process: reads config.json (from `--config-dir`, /etc/argo-messaging, or the working directory, as upstream), connects, listens with TLS
 * on all addresses, and on SIGTERM takes no more connections, finishes what is under way, and leaves. Not part of `up` yet, and not tried on real servers yet.
 */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { type MessagingApiConfig, messagingApiConfigShape } from '../../contracts/messaging-api-config.ts';
import { createApp } from './app.ts';
import { connectKafkaBackend } from './backend/kafka-backend.ts';
import { configInvalid, configMissing } from './errors.ts';
import { connectPushServers } from './push/push-servers.ts';
import { createService } from './service.ts';
import { connectMongoStore } from './store/mongo-store.ts';

const { values } = parseArgs({ options: { 'config-dir': { type: 'string' } } });
const config = readConfig(values['config-dir']);
const log = pino({ level: levelOf(config.log_level) });

/** What an error says of itself, without what was sent: neither a token nor a message gets into the log. */
const warn = (words: string, error?: unknown) =>
  log.warn({ why: error instanceof Error ? `${error.name}: ${error.message}` : undefined }, words);

const store = await connectMongoStore({ host: config.store_host, database: config.store_db, warn });
const backend = await connectKafkaBackend(
  {
    bootstrapServers: config.ensemble.bootstrapServers,
    zookeeperServers: config.zookeeper_hosts,
    chroot: config.kafka_znode,
  },
  `messaging-api.${hostname()}`,
);
const push = connectPushServers(config);
const closing = new AbortController();
const app = createApp(createService({ config, store, backend, push, warn, closing: closing.signal }), {
  tls: { cert: readFileSync(config.certificate), key: readFileSync(config.certificate_key) },
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(signal));
await app.listen({ port: config.port, host: '::' });
log.info({ port: config.port }, 'listening');

async function drain(signal: string): Promise<void> {
  log.info({ signal }, 'finishes what is under way');
  const tooLong = setTimeout(() => {
    log.warn('requests were still under way when the time to finish them was over');
    process.exit(1);
  }, config.ensemble.drainMs);
  closing.abort(); // pulls that wait answer with what they have
  await app.close();
  push.close();
  await Promise.allSettled([backend.close(), store.close()]);
  clearTimeout(tooLong);
  log.info('left');
}

function readConfig(folder: string | undefined): MessagingApiConfig {
  const folders = folder === undefined ? ['/etc/argo-messaging', '.'] : [folder];
  const file = folders.map((each) => join(each, 'config.json')).find((each) => existsSync(each));
  if (file === undefined) throw configMissing(folders);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw configInvalid(file, [error instanceof Error ? error.message : String(error)]);
  }
  const parsed = messagingApiConfigShape.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw configInvalid(
    file,
    parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`),
  );
}

/** Upstream's names of levels. */
function levelOf(name: string): string {
  const known: Readonly<Record<string, string>> = {
    DEBUG: 'debug',
    INFO: 'info',
    WARNING: 'warn',
    ERROR: 'error',
    FATAL: 'fatal',
  };
  return known[name.toUpperCase()] ?? 'info';
}
