/**
 * The authentication service as a process, `--config FILE`: listens with TLS, on SIGHUP reads certificates, authorities and revocation lists again, and on
 * SIGTERM says on /ready that it leaves, takes no more connections once balancers saw it, finishes what is under way, and leaves with status 0.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createSecureContext, Server as TlsServer } from 'node:tls';
import { pino } from 'pino';
import { authConfigShape } from '../../contracts/auth-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';
import { createApp, tlsOptions } from './app.ts';
import { connectAuthStore } from './store.ts';
import { readTrust } from './trust.ts';

try {
  await run();
} catch (error) {
  tellAndExit(error);
}

async function run(): Promise<void> {
  const config = readConfig(configArgument(), authConfigShape);
  const log = pino({ level: config.ensemble.logLevel });
  /** What an error says of itself; neither a token nor a key is in the words of any. */
  const warn = (words: string, error?: unknown) =>
    log.warn({ why: error instanceof Error ? `${error.name}: ${error.message}` : undefined }, words);
  const now = () => new Date();
  let trust = await readTrust(config, now, warn);
  if (config.trust_unknown_cas)
    warn('trust_unknown_cas: whoever makes a certificate with the subject of a binding gets its token');
  const store = await connectAuthStore({ storeHost: config.mongo_host, database: config.mongo_db, warn });
  const tell = (fields: object, words: string) => log.info(fields, words);
  let leaving = false;
  const app = createApp({ config, store, trust: () => trust, leaving: () => leaving, now, tell, warn }, trust.tls);
  const server = app.server;

  const readAgain = async () => {
    try {
      const fresh = await readTrust(config, now, warn);
      createSecureContext(tlsOptions(fresh.tls)); // throws where key and certificate do not belong together
      if (server instanceof TlsServer) server.setSecureContext(tlsOptions(fresh.tls));
      // What is being looked up with the older ones goes on; their idle connections end with their hosts' patience.
      trust = fresh;
      log.info('certificates were read again');
    } catch (error) {
      warn('certificates were not read again; those from before stay', error);
    }
  };
  const drain = async (signal: string) => {
    log.info({ signal }, 'finishes what is under way');
    const tooLong = setTimeout(() => {
      log.warn('requests were still under way when the time to finish them was over');
      process.exit(1);
    }, config.ensemble.drainMs);
    leaving = true;
    await sleep(Math.min(config.ensemble.leaveMs, config.ensemble.drainMs));
    await app.close();
    await store.close();
    trust.lookup.close();
    clearTimeout(tooLong);
    log.info('left');
  };
  process.on('SIGHUP', () => void readAgain());
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void drain(signal));
  await app.listen({ port: config.service_port, host: config.ensemble.bindAddress });
  const address = app.server.address();
  log.info({ port: typeof address === 'object' ? address?.port : undefined }, 'listening');
}
