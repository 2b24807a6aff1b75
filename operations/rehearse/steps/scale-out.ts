/** A group enlarged as docs/aws.md says it: one worker more in the environment's file, its secret, its machine; then partitions for it to hold. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stackParts } from '../../../contracts/aws-names.ts';
import { askBrokers } from '../../aws/ask-cluster.ts';
import { ensureAwsSecrets } from '../../aws/ensure-secrets.ts';
import { nodesRunning } from '../../health.ts';
import { applyTarget } from '../../topics.ts';
import { changeEnvironment, enlarge } from '../changed-environment.ts';
import { notAsMeant } from '../errors.ts';
import { bootChosen } from '../machines.ts';
import { topicsTargetOf } from '../operated.ts';
import { describePlanned, isAbout, planParts } from '../planned.ts';
import type { Rehearsal, RehearsalStep } from '../rehearsal.ts';
import { chooseNodes } from './lists.ts';

export const scaleOutStep: RehearsalStep = {
  id: 'scale-out',
  title: 'One worker more',
  async run(rehearsal, report, signal) {
    const before = new Set(brokersOf(rehearsal).map(({ id }) => id));
    await changeEnvironment(rehearsal, enlarge);
    const added = brokersOf(rehearsal).find(({ id }) => !before.has(id));
    if (added === undefined) throw notAsMeant('a worker more in the environment’s file is no node more', []);
    const { stacks, aws, hosted } = rehearsal;
    const working = { signal, onProgress: report };
    await stacks.synthesize(aws.environment.file, working);
    const changes = await planParts(rehearsal, stackParts, working);
    const others = changes.filter((change) => change.kind !== 'create' || !isAbout(change, added.id));
    if (others.length > 0)
      throw notAsMeant(`one worker more is to add what is ${added.id}’s, and nothing else`, describePlanned(others));
    await stacks.apply('foundation', working);
    await ensureAwsSecrets(aws);
    await stacks.apply('data', working);
    await chooseNodes(rehearsal);
    await bootChosen(rehearsal, [added.id], working);
    const { brokers } = await askBrokers(aws);
    if (brokers.find(({ id }) => id === added.ordinal)?.up !== true)
      throw notAsMeant(`${added.id} runs, and is not among the brokers that are registered`, [JSON.stringify(brokers)]);
    const status = await (await hosted.hosts.machine(added.id)).status();
    return `${added.id}: ${changes.length} resources, all its own; ${status.instance} is broker ${added.ordinal}`;
  },
};

export const spreadStep: RehearsalStep = {
  id: 'spread',
  title: 'Partitions more, by the function in the network',
  async run(rehearsal, report, signal) {
    const { aws, folder, load } = rehearsal;
    const brokers = brokersOf(rehearsal);
    const newest = brokers.at(-1);
    const found = await askBrokers(aws);
    if (newest === undefined || load === undefined) throw notAsMeant('no producer writes, or no worker is there', []);
    const was = found.brokers.find(({ id }) => id === newest.ordinal)?.replicas ?? 0;
    // Twice as many partitions as brokers: the controller leaves none of them out.
    const manifest = join(folder, 'more-partitions.yaml');
    const declared = { name: load.topic, partitions: 2 * brokers.length, replicas: load.replicas };
    await writeFile(manifest, `${JSON.stringify({ topics: [declared] })}\n`);
    const { verified } = await applyTarget(await topicsTargetOf(rehearsal, manifest), async () => 'agreed before', {
      timeoutMs: rehearsal.options.timeoutMs,
      signal,
      onProgress: ({ done, total }) => report(`${done} of ${total} changes`),
    });
    if (verified?.ok !== true) throw notAsMeant(`${load.topic} has not the partitions that were declared`, []);
    const now = await askBrokers(aws);
    const holds = now.brokers.find(({ id }) => id === newest.ordinal)?.replicas ?? 0;
    if (holds <= was) throw notAsMeant(`${newest.id} has got no partition`, [JSON.stringify(now.brokers)]);
    // Some of what is written from here on lies there.
    await load.advance(recordsOnMore, signal);
    return `${load.topic} has ${declared.partitions}; ${newest.id} held ${was} replicas, and holds ${holds}`;
  },
};

const recordsOnMore = 300;

function brokersOf({ aws }: Rehearsal) {
  return nodesRunning(aws.environment.cluster.groups, 'kafka');
}
