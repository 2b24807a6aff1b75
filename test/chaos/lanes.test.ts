/** Writers of a workload: what ends after they are over is unknown, whatever its end says. */
import { describe, expect, it } from 'vitest';
import type { Recorder, UntimedEvent } from '../../chaos/history.ts';
import { type SendOutcome, startLanes } from '../../chaos/lanes.ts';
import { parseScenario } from '../../chaos/scenario.ts';

const { workload } = parseScenario({
  file: 'mine.yaml',
  text: `name: mine
title: Mine
topic: { partitions: 1, replicas: 1, minInSync: 1 }
workload: { acks: all, keys: 1, ratePerSecond: 1000 }
steps: [{ fault: kill, on: leader, afterSeconds: 0, forSeconds: 1 }]
atMostDown: 1
expect: { writing: stops, reading: stops, durability: keeps }
runs: { short: 0, long: 1 }
`,
});

describe('a writer', () => {
  it('calls a request unknown that is acknowledged once nobody waits for it: the ends of the log may have been asked for', async () => {
    const recorded: UntimedEvent[] = [];
    const acknowledged: number[] = [];
    let [answer, sends] = [(_outcome: SendOutcome) => {}, 0];
    let begin = () => {};
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const lanes = startLanes({
      workload,
      partitions: 1,
      via: 'kafka',
      recorder: { record: (event: UntimedEvent) => recorded.push(event) } as unknown as Recorder,
      send: async () => {
        sends += 1;
        if (sends === 1) return { outcome: 'ok', partition: 0, offset: 0 };
        begin();
        return await new Promise<SendOutcome>((resolve) => {
          answer = resolve;
        });
      },
      onAcknowledged: (_outcome, _key, first) => acknowledged.push(first),
    });
    await begun;
    await lanes.stop(0);
    answer({ outcome: 'ok', partition: 0, offset: 1 });
    await lanes.stop(5_000);
    const outcomes = recorded.flatMap((event) => (event.type === 'sent' ? [event.outcome] : []));
    expect([outcomes, acknowledged]).toEqual([['ok', 'unknown'], [1]]);
  });
});
