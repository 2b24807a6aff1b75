/**
 * The push server as a process: `--config FILE`, upstream's place by default. A bad configuration ends it with status 1 and one line; SIGTERM ends deliveries,
 * gives its subscriptions to others and leaves with 0; SIGHUP reads certificates and the acl again. Logs JSON lines: no token, no message, no header.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { EnsembleError } from '../../contracts/error.ts';
import { type PushServerConfig, pushServerConfigShape } from '../../contracts/push-server-config.ts';
import { configInvalid, configMissing } from './errors.ts';
import { startPushServer } from './push-server.ts';

const upstreamsPlace = '/etc/ams-push-server/conf.d/ams-push-server-config.json';

/** Upstream's names of levels. */
const levels: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
};

try {
  const { values } = parseArgs({ options: { config: { type: 'string', default: upstreamsPlace } } });
  await serve(readConfig(values.config), () => readConfig(values.config).acl);
} catch (error) {
  if (error instanceof EnsembleError) console.error(`${error.code}: ${error.message}. ${error.next}`);
  else console.error(error);
  process.exit(1);
}

/** @param readAcl from the file, which names another API node when one joined. */
async function serve(config: PushServerConfig, readAcl: () => readonly string[]): Promise<void> {
  const log = pino({ level: levels[config.log_level.toUpperCase()] ?? 'info' });
  /** What an error says of itself; errors here name addresses and statuses. */
  const warn = (words: string, error?: unknown) =>
    log.warn({ why: error instanceof Error ? `${error.name}: ${error.message}` : undefined }, words);
  if (config.tls_enabled && config.acl.length === 0) log.warn('acl is empty: every call will be refused');
  if (config.trust_unknown_cas)
    log.warn('trust_unknown_cas is on: calls with such certificates are refused, they prove no name');
  if (config.ensemble.storeHost === '') log.info('no metadata store is named: this push server must be the only one');
  const server = await startPushServer(config, { warn, say: (words) => log.info(words) });
  log.info({ port: server.port, operationsPort: server.operationsPort }, 'listening');
  process.on('SIGHUP', () => {
    try {
      server.reload(readAcl());
      log.info('certificates, and who may call, are read again');
    } catch (error) {
      warn('certificates, and who may call, stay as they were', error);
    }
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'ends its deliveries');
      const tooLong = setTimeout(() => {
        log.warn('deliveries were still under way when the time to end them was over');
        process.exit(1);
      }, config.ensemble.drainMs);
      void server.stop().then(
        () => {
          clearTimeout(tooLong);
          log.info('left');
          process.exit(0);
        },
        (error) => {
          warn('left in disorder', error);
          process.exit(1);
        },
      );
    });
  }
}

function readConfig(file: string): PushServerConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw configMissing(file);
  }
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    throw configInvalid(file, ['it is not JSON']); // its own words would show a part of the file
  }
  const parsed = pushServerConfigShape.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw configInvalid(
    file,
    parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`),
  );
}
