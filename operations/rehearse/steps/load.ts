/** A producer that writes through all changes, and what it finds of its records at the end. */
import { bootstrapServers } from '../../../cluster/bootstrap.ts';
import { nodesRunning } from '../../health.ts';
import { notAsMeant } from '../errors.ts';
import { startLoad } from '../load.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const loadTopic = 'rehearsal.load';
const mostReplicas = 3;
/** Before the next step begins. */
const firstRecords = 100;

export const loadStep: RehearsalStep = {
  id: 'load',
  title: 'A producer that goes on',
  async run(rehearsal, _, signal) {
    const { aws, hosted } = rehearsal;
    const { cluster } = aws.environment;
    const replicas = Math.min(mostReplicas, nodesRunning(cluster.groups, 'kafka').length);
    const bootstrap = bootstrapServers(cluster, aws.addressing);
    rehearsal.load = await startLoad(hosted.hosts.layout, { bootstrap, topic: loadTopic, replicas });
    await rehearsal.load.advance(firstRecords, signal);
    return `${loadTopic}, ${replicas} replicas, acknowledged by all in sync`;
  },
};

export const keptStep: RehearsalStep = {
  id: 'kept',
  title: 'What was acknowledged, read back',
  async run(rehearsal, _, signal) {
    await rehearsal.load?.advance(firstRecords, signal);
    const report = await rehearsal.load?.stop();
    rehearsal.load = undefined;
    if (report === undefined) throw notAsMeant('no producer wrote', []);
    const { acknowledged, lostCount, lost, failed, repeated, longestMs } = report;
    if (lostCount > 0)
      throw notAsMeant(`${lostCount} of ${acknowledged} records that were acknowledged are not there`, [
        lost.join(' '),
      ]);
    const unknown = failed === 0 ? '' : `, ${failed} of unknown fate`;
    const twice = repeated === 0 ? '' : `, ${repeated} written twice`;
    return `all ${acknowledged}${unknown}${twice}; the longest time without one was ${(longestMs / 1000).toFixed(1)} s`;
  },
};
