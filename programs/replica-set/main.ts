/**
 * The keeper of the replica set as a process, `--config FILE`: makes the set, its users and its membership what the file says, prints what it did as JSON
 * lines, and ends with status 0. Safe beside any member, on all of them at once, and again at any time.
 */
import { setTimeout } from 'node:timers/promises';
import { pino } from 'pino';
import { replicaSetConfigShape } from '../../contracts/replica-set-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';
import { keepReplicaSet } from './keep.ts';
import { memberOf } from './member.ts';

/** An election takes seconds: more looks would only fill the members' logs. */
const pauseMs = 500;

try {
  const config = readConfig(configArgument(), replicaSetConfigShape);
  const log = pino();
  log.info('the replica-set program: its behaviour was checked on a scripted server, not tried on a real member');
  const member = memberOf(config);
  try {
    await keepReplicaSet(config, {
      member,
      tell: (deed) => log.info(deed, `${deed.did} ${deed.did === 'waits' ? 'for ' : ''}${deed.what}`),
      pause: () => setTimeout(pauseMs),
    });
  } finally {
    await member.close();
  }
  log.info('the replica set is as its file says');
} catch (error) {
  tellAndExit(error);
}
