/** The stand-in's training run: started on an empty file and ended. What a first request loads is missing from the archive, and is little. */
import { join } from 'node:path';
import { endGracefully, hasLogged, type TrainingRun, until, withTrainingProcesses } from './training.ts';

export async function trainStandIn(run: TrainingRun): Promise<void> {
  await withTrainingProcesses(run, async (start, signal) => {
    const main = ['StandIn', '127.0.0.1', '0', join(run.folder, 'stand-in.h2')];
    const trained = start('mongodb-stand-in', [`-XX:ArchiveClassesAtExit=${run.archive}`], main);
    await until(trained, hasLogged(trained, 'listening on'), signal);
    await endGracefully(trained, signal);
  });
}
