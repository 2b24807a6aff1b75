/** Reading back is bounded: a client that neither answers nor hears its signal leaves a history that says less, and no run that hangs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLost } from '../../chaos/checkers/lost.ts';
import { openHistory } from '../../chaos/history.ts';
import { readRun } from '../../chaos/observed-run.ts';
import { recordEnds, recordLog } from '../../chaos/read-log.ts';
import type { KafkaConnection } from '../../clients/kafka/connection.ts';
import { ok, send, start } from './written-history.ts';

const deaf = { metadata: () => new Promise(() => {}) } as unknown as KafkaConnection;

describe('reading the log back', () => {
  it('ends with its time where nobody ever answers, and what was not read is unknown', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ensemble-test-'));
    const file = join(folder, 'history.jsonl');
    try {
      const recorder = await openHistory(file);
      for (const event of [start(2), send(1, 'a:1'), ok(1, 0)]) recorder.record(event);
      const patience = AbortSignal.timeout(50);
      expect(await recordEnds(deaf, { topic: 'chaos', partitions: 2 }, recorder, patience)).toEqual([]);
      const ends = { partition: 0, start: 0, end: 1 };
      recorder.record({ type: 'ends', ...ends });
      await recordLog(deaf, 'chaos', [ends], recorder, AbortSignal.timeout(50));
      await recorder.close();
      const { outcome, notes } = checkLost(await readRun(file));
      expect([outcome, ...notes]).toEqual([
        'unknown',
        'partition 0 was read up to 0, not to its end 1',
        'the ends of partition 1 were not asked for after healing',
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
