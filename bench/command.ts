/** What the command costs by itself: the time of `ensemble --help`, and its memory while a cluster comes up, each against node doing nothing. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { idleResidentMB, peakResidentMB } from './memory.ts';
import { benchPlatform, repeated } from './platform.ts';

const rounds = 15;
const risings = 3;

export const command: Figure = {
  name: 'command',
  async measure(progress) {
    const entry = join(installationRoot(), 'bin/ensemble.js');
    const times = new Samples('ms');
    run(entry, '--help'); // makes the bundle where a source changed
    for (let round = 1; round <= rounds; round += 1) {
      times.add('ensemble --help, whole process', run(entry, '--help'));
      times.add('node -e 0', run('-e', '0'));
    }
    const memory = new Samples('MB');
    const failures: string[] = [];
    for (let round = 1; round <= risings; round += 1) {
      memory.add('ensemble up, peak resident', await repeated(peakOfUp, (error) => failures.push(error)));
      memory.add('node -e 0, peak resident', idleResidentMB());
      progress(`rising ${round} of ${risings}`);
    }
    const [help, node] = [times.get('ensemble --help, whole process'), times.get('node -e 0')];
    const [up, idle] = [memory.get('ensemble up, peak resident'), memory.get('node -e 0, peak resident')];
    return {
      figure: 'command',
      about: 'The command itself, bundled and warm.',
      samples: [{ ...help, target: { atMost: 250 } }, node, { ...up, target: { atMost: 150 } }, idle],
      comparisons: [compare('--help / node -e 0', help, node), compare('memory of up / memory of node', up, idle)],
      notes: [
        'Memory is the process’s own high-water mark (VmHWM, 10^6 bytes), read every 20 ms while `up` runs on empty data; the servers are processes of their own. Linux only.',
        `Runs of \`up\` that failed and were repeated: ${failures.length} beside ${risings} that are counted.`,
      ],
    };
  },
};

function run(...args: readonly string[]): number {
  const before = performance.now();
  const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return performance.now() - before;
}

async function peakOfUp(): Promise<number> {
  const platform = await benchPlatform(24);
  try {
    return await peakResidentMB((onStart) => platform.ensemble(['up', '--json'], { onStart }));
  } finally {
    await platform.dispose();
  }
}
