/**
 * `node-watch --config FILE`: beside the services of a node in a cloud. Sends the machine's journal to the cloud's logs and, once a minute, how full its
 * volumes are to the cloud's metrics. Ends on SIGTERM, after one last try to send what it holds.
 */
import { setTimeout } from 'node:timers/promises';
import { nodeWatchConfigShape } from '../../contracts/node-watch-config.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';
import { cloudWatchSink } from './cloudwatch-sink.ts';
import { cursorFile } from './cursor.ts';
import { putFigures } from './figures.ts';
import { readJournal } from './journal.ts';
import { measure } from './measure.ts';
import { ship } from './ship.ts';

try {
  const config = readConfig(configArgument(), nodeWatchConfigShape);
  const asked = new AbortController();
  const { signal } = asked;
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => asked.abort());
  const tell = (line: string) => void process.stdout.write(`node-watch: ${line.replaceAll('\n', ' ')}\n`);
  const pause = (ms: number) => setTimeout(ms, undefined, { signal }).catch(() => undefined);
  const sink = await cloudWatchSink(config);
  tell(`sends the journal of ${config.node} to ${config.sink.group}`);
  const { command, since } = config.journal;
  await Promise.all([
    ship({
      sink,
      cursor: cursorFile(config.stateFolder),
      read: (after) => readJournal({ command, since, after, signal, tell }),
      pause,
      tell,
      lingerMs: config.lingerMs,
      signal,
    }),
    putFigures({
      sink,
      measure: () => measure(config.volumes),
      now: Date.now,
      pause,
      tell,
      everyMs: config.metricsEveryMs,
      signal,
    }),
  ]);
} catch (error) {
  tellAndExit(error);
}
