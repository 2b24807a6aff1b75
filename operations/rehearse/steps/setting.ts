/** A setting of Kafka's changed as an operator changes it: in the environment's file, planned, applied, rolled. */
import { stackParts } from '../../../contracts/aws-names.ts';
import { rollCluster } from '../../roll.ts';
import { changeEnvironment } from '../changed-environment.ts';
import { notAsMeant } from '../errors.ts';
import { withOperated } from '../operated.ts';
import { describePlanned, planParts } from '../planned.ts';
import type { RehearsalStep } from '../rehearsal.ts';

/** One that a broker reads at its start alone, so that each is restarted (Kafka 3.9, "Broker Configs", update mode read-only). */
const name = 'log.retention.hours';
const other = 71;

export const settingStep: RehearsalStep = {
  id: 'setting',
  title: 'A setting of Kafka’s, changed and applied',
  async run(rehearsal, report, signal) {
    const path = ['kafka', 'settings', name];
    await changeEnvironment(rehearsal, (file) => file.setIn(path, file.getIn(path) === other ? other + 1 : other));
    const { stacks, aws } = rehearsal;
    const working = { signal, onProgress: report };
    await stacks.synthesize(aws.environment.file, working);
    const changes = await planParts(rehearsal, stackParts, working);
    const isSetting = /^aws_s3_object\.settings\[/;
    const others = changes.filter(({ kind, address }) => kind !== 'update' || !isSetting.test(address));
    if (others.length > 0)
      throw notAsMeant('a changed setting is to change objects of settings alone', describePlanned(others));
    if (changes.length === 0) throw notAsMeant('a changed setting changed nothing', []);
    await stacks.apply('data', working);
    return `${name}: the plan changed ${changes.length} objects of settings, and nothing else`;
  },
};

export const rollStep: RehearsalStep = {
  id: 'roll',
  title: 'The setting, rolled',
  async run(rehearsal, report, signal) {
    const { timeoutMs } = rehearsal.options;
    const options = { only: [], restart: false, timeoutMs, confirm: async () => 'agreed before' as const };
    const { plan, nodes, stopped } = await withOperated(rehearsal, signal, ({ target }) =>
      rollCluster(target, options, signal, async (steps, context) => {
        for (const step of steps) {
          report(step.title);
          await step.run(context, report, signal);
        }
      }),
    );
    if (stopped !== undefined)
      throw notAsMeant(`the roll stopped at ${stopped.node}: ${stopped.error.message}`, stopped.error.evidence);
    if (plan.steps.length === 0) throw notAsMeant('nothing was to be rolled, though a setting changed', []);
    return nodes
      .map(({ node, servesMs = 0, wholeMs = 0 }) => `${node} ${((servesMs + wholeMs) / 1000).toFixed(1)} s`)
      .join(', ');
  },
};
