/**
 * Judging the history of a run of a million operations, the whole command as a person runs it; against its floor, a program that reads the same file line by
 * line with JSON.parse and keeps nothing.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { writeLongHistory } from './long-history.ts';
import { peakResidentMB } from './memory.ts';
import { runCommand } from './platform.ts';

const rounds = 3;
const operations = 1_000_000;

const floor = `const { createReadStream } = require('node:fs');
const { createInterface } = require('node:readline');
(async () => {
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(process.argv[1]) })) if (JSON.parse(line).at >= 0) count += 1;
  if (count < ${operations}) process.exit(1);
})();`;

const names = {
  check: 'ensemble chaos check, 1,000,000 operations',
  floor: 'read line by line, JSON.parse',
  memory: 'ensemble chaos check, peak resident',
};

export const chaosCheck: Figure = {
  name: 'chaos-check',
  async measure(progress) {
    const folder = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
    const file = join(folder, 'history.jsonl');
    try {
      await writeLongHistory(file, operations);
      const { size } = await stat(file);
      const check = [join(installationRoot(), 'bin/ensemble.js'), 'chaos', 'check', file];
      const [times, memory] = [new Samples('ms'), new Samples('MB')];
      for (let round = 1; round <= rounds; round += 1) {
        let began = performance.now();
        // 0: nothing is amiss in it.
        const peak = await peakResidentMB((onStart) => runCommand(process.execPath, check, { onStart }));
        times.add(names.check, performance.now() - began);
        memory.add(names.memory, peak);
        began = performance.now();
        await runCommand(process.execPath, ['-e', floor, file]);
        times.add(names.floor, performance.now() - began);
        progress(`round ${round} of ${rounds}: ${Math.round(times.get(names.check).values.at(-1) ?? 0)} ms`);
      }
      const [checked, parsed, resident] = [times.get(names.check), times.get(names.floor), memory.get(names.memory)];
      return {
        figure: 'chaos-check',
        about: `The history of a run that sent ${operations.toLocaleString('en')} records, a request each (${Math.round(size / 1e6)} MB), read and judged by every checker.`,
        samples: [{ ...checked, target: { atMost: 10_000 } }, parsed, { ...resident, target: { atMost: 1_000 } }],
        comparisons: [compare('check / read and parsed', checked, parsed)],
        notes: [
          'An operation is one record: its request, its acknowledgement, its delivery to a group of two (ten in a poll), its place in the log after healing. `bench/long-history.ts` makes them; nothing is amiss in it, and the command must say so.',
          'The usual lines are read from their bytes (`chaos/usual-line.ts`), which is why it costs no more beside its floor; any other form goes through JSON.parse and the schema.',
        ],
      };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
