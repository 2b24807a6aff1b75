/**
 * The seed as a process, `--config FILE`: fills the databases of the messaging API and of the authentication service with what the environment declares,
 * prints what it did as JSON lines, and ends with status 0. Safe to run again, at any time, and on several nodes at once.
 */
import { pino } from 'pino';
import { seedConfigShape } from '../../contracts/seed-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';
import { seed } from './seed.ts';

try {
  const config = readConfig(configArgument(), seedConfigShape);
  const log = pino();
  await seed(config, {
    now: () => new Date(),
    tell: (deed) => log.info(deed, `${deed.did} ${deed.what} ${deed.name}`),
    warn: (words) => log.warn(words),
  });
  log.info('the databases hold what the environment declares');
} catch (error) {
  tellAndExit(error);
}
