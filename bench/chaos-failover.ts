/**
 * How long nothing is acknowledged in a partition whose leader goes, with Kafka's default session: killed, against its floor, the broker's ZooKeeper session,
 * before whose end nobody knows; asked to leave, against nothing at all, since it hands its partitions over first. Whole runs of scenarios that ship.
 */
import type { ScenarioReport } from '../chaos/scenario-report.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { benchPlatform, repeated } from './platform.ts';

const rounds = 3;
/** Kafka's own default, zookeeper.session.timeout.ms. */
const sessionMs = 18_000;
const patienceMs = 10 * 60_000;

const names = {
  kill: 'leader killed: nothing acknowledged for',
  missed: 'leader killed: missed by the others after',
  elected: 'leader killed: others lead after',
  floor: 'a ZooKeeper session of the broker',
  term: 'leader asked to leave: nothing acknowledged for',
};

export const chaosFailover: Figure = {
  name: 'chaos-failover',
  async measure(progress) {
    const times = new Samples('ms');
    const platform = await benchPlatform(26);
    try {
      await repeated(
        () => platform.ensemble(['up', '--json', '--no-messages']),
        () => {},
      );
      for (let round = 1; round <= rounds; round += 1) {
        const ran = async (scenario: string) => {
          const args = ['chaos', 'run', scenario, '--seed', `${round}`, '--json'];
          // 2: a machine without time for a limit; its times are shown all the same.
          const output = await platform.ensemble(args, { accepted: [0, 2], patienceMs });
          const { reports } = JSON.parse(output) as { readonly reports: readonly ScenarioReport[] };
          const [timings] = reports[0]?.runs[0]?.verdict.timings ?? [];
          if (timings?.silenceMs === undefined) throw new Error(`${scenario} with seed ${round} never recovered`);
          return timings;
        };
        const killed = await ran('safe-leader-kill');
        times.add(names.kill, killed.silenceMs ?? Number.NaN);
        times.add(names.missed, killed.detectionMs ?? Number.NaN);
        times.add(names.elected, killed.electionMs ?? Number.NaN);
        times.add(names.floor, sessionMs);
        times.add(names.term, (await ran('safe-leader-term')).silenceMs ?? Number.NaN);
        progress(`round ${round} of ${rounds}: ${times.get(names.kill).values.at(-1)} ms`);
      }
    } finally {
      await platform.dispose();
    }
    const [kill, elected, floor, term] = [names.kill, names.elected, names.floor, names.term].map((name) =>
      times.get(name),
    );
    if (kill === undefined || elected === undefined || floor === undefined || term === undefined)
      throw new TypeError('nothing was measured');
    return {
      figure: 'chaos-failover',
      about:
        'A partition of 3 replicas, min.insync.replicas 2, acks=all, whose leader goes under 400 records a second; three masters, three workers.',
      samples: times
        .all()
        .map((sample) => (sample.name === names.term ? { ...sample, target: { atMost: 1_000 } } : sample)),
      comparisons: [
        compare('killed, others lead / a session', elected, floor, 1.25),
        compare('killed, nothing acknowledged / a session', kill, floor, 2),
      ],
      notes: [
        'Runs of `ensemble chaos run safe-leader-kill` and `safe-leader-term`, seeds from 1; the session begins anew with each heartbeat, so that a broker is missed up to a third of it earlier than a whole one after its end.',
        'KafkaJS doubles its pauses with each retry and may ask again as late after the election as that took, hence at most two sessions (decision 0047).',
      ],
    };
  },
};
