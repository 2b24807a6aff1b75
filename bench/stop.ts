/** How soon a running cluster stands still: the whole of `ensemble down`, against workers stopped one after the other and then the masters. */
import { compare, type Figure, Samples } from './figure.ts';
import { benchPlatform } from './platform.ts';

const rounds = 2;

export const stop: Figure = {
  name: 'stop',
  async measure(progress) {
    const samples = new Samples('ms');
    for (let round = 1; round <= rounds; round += 1) {
      samples.add('ensemble down', await timed([['down']]));
      samples.add(
        'one worker at a time, then down',
        await timed([['stop', 'worker-1', 'worker-2', 'worker-3'], ['down']]),
      );
      progress(`round ${round} of ${rounds}`);
    }
    const [down, inTurn] = [samples.get('ensemble down'), samples.get('one worker at a time, then down')];
    return {
      figure: 'stop',
      about: 'Three workers and three masters stopped gracefully, right after they came up.',
      samples: samples.all(),
      comparisons: [compare('down / one worker at a time', down, inTurn)],
      notes: [],
    };
  },
};

async function timed(commands: readonly (readonly string[])[]): Promise<number> {
  const platform = await benchPlatform(24);
  try {
    await platform.ensemble(['up', '--json', '--no-messages']);
    const before = performance.now();
    for (const args of commands) await platform.ensemble(args);
    return performance.now() - before;
  } finally {
    await platform.dispose();
  }
}
