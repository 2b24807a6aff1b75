/**
 * The messaging API as a process: `--config-dir FOLDER` with its config.json, else /etc/argo-messaging, else the working directory, as upstream. A bad
 * configuration ends it with status 1 and one line. It waits a while for the store and for Kafka, then listens with TLS.
 *
 * SIGHUP reads the certificate files again, for connections from then on. SIGTERM drains: /ready says no and every answer closes its connection, so that a
 * balancer turns away; pulls that wait answer with what they have; then it takes no more connections, finishes what is under way, and leaves with 0.
 */
import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { parseArgs } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { isClientError } from '../../clients/errors.ts';
import { type MessagingApiConfig, messagingApiConfigShape } from '../../contracts/messaging-api-config.ts';
import { readConfig, tellAndExit } from '../config-file.ts';
import { createApp, oldestTls } from './app.ts';
import { connectKafkaBackend } from './backend/kafka-backend.ts';
import { certificateUnusable, configMissing } from './errors.ts';
import { connectPushServers } from './push/push-servers.ts';
import { createService } from './service.ts';
import { connectMongoStore } from './store/mongo-store.ts';

/** How long a start waits for the store and the brokers, each: the platform starts them at the same time. */
const startWaitMs = 60_000;
const startPauseMs = 1_000;

/** Upstream's names of levels. */
const levels: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
  FATAL: 'fatal',
};

try {
  const { values } = parseArgs({ options: { 'config-dir': { type: 'string' } } });
  await serve(readConfig(configFile(values['config-dir']), messagingApiConfigShape));
} catch (error) {
  tellAndExit(error);
}

async function serve(config: MessagingApiConfig): Promise<void> {
  const log = pino({ level: levels[config.log_level.toUpperCase()] ?? 'info' });
  /** What an error says of itself, without what was sent: neither a token nor a message gets into the log. */
  const warn = (words: string, error?: unknown) =>
    log.warn({ why: error instanceof Error ? `${error.name}: ${error.message}` : undefined }, words);
  const certificate = readCertificate(config);
  const leaveEarly = () => process.exit(0); // nothing is under way yet
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, leaveEarly);

  const store = await reaching(warn, () =>
    connectMongoStore({ host: config.store_host, database: config.store_db, warn }),
  );
  const kafka = {
    bootstrapServers: config.ensemble.bootstrapServers,
    zookeeperServers: config.zookeeper_hosts,
    chroot: config.kafka_znode,
  };
  const backend = await reaching(warn, () => connectKafkaBackend(kafka, `messaging-api.${hostname()}`));
  const push = connectPushServers(config);
  const closing = new AbortController();
  const service = createService({ config, store, backend, push, warn, closing: closing.signal });
  const app = createApp(service, { tls: certificate });
  const address = await listen(app, config);
  log.info({ address }, 'listening');

  process.on('SIGHUP', () => {
    try {
      const renewed = readCertificate(config);
      if (app.server instanceof TlsServer) app.server.setSecureContext({ ...renewed, minVersion: oldestTls });
      push.renew();
      log.info('certificates are read again');
    } catch (error) {
      warn('certificates stay as they were', error);
    }
  });
  let leaving = false;
  const drain = async (signal: string) => {
    if (leaving) return;
    leaving = true;
    log.info({ signal }, 'finishes what is under way');
    const tooLong = setTimeout(() => {
      log.warn('requests were still under way when the time to finish them was over');
      process.exit(1);
    }, config.ensemble.drainMs);
    closing.abort();
    await sleep(Math.min(config.ensemble.leaveMs, config.ensemble.drainMs));
    await app.close();
    await service.counts.flush();
    push.close();
    await Promise.allSettled([backend.close(), store.close()]);
    clearTimeout(tooLong);
    log.info('left');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.off(signal, leaveEarly);
    process.on(signal, () => void drain(signal));
  }
}

function configFile(folder: string | undefined): string {
  const folders = folder === undefined ? ['/etc/argo-messaging', '.'] : [folder];
  const file = folders.map((each) => join(each, 'config.json')).find((each) => existsSync(each));
  if (file === undefined) throw configMissing(folders);
  return file;
}

/** Throws MESSAGING_API_CERTIFICATE_UNUSABLE, also where the key is not the certificate's. */
function readCertificate({ certificate, certificate_key }: MessagingApiConfig): { cert: Buffer; key: Buffer } {
  try {
    const read = { cert: readFileSync(certificate), key: readFileSync(certificate_key) };
    createSecureContext(read);
    return read;
  } catch (error) {
    throw certificateUnusable([certificate, certificate_key], error);
  }
}

/** Tries again while nobody answers. */
async function reaching<T>(warn: (words: string, error?: unknown) => void, connect: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + startWaitMs;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (!isClientError(error, 'CLIENT_UNREACHABLE') || performance.now() > deadline) throw error;
      warn('waits for what it needs', error);
      await sleep(startPauseMs);
    }
  }
}

/** On `bind_ip` where it is given (upstream reads it and listens everywhere), else on all addresses, of IPv6 too where the machine has any. */
async function listen(app: FastifyInstance, { bind_ip, port }: MessagingApiConfig): Promise<string> {
  if (bind_ip !== '') return app.listen({ port, host: bind_ip });
  try {
    return await app.listen({ port, host: '::' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAFNOSUPPORT')) throw error;
    return app.listen({ port, host: '0.0.0.0' });
  }
}
