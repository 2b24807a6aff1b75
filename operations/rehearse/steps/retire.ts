/** A node that leaves, as docs/aws.md says it: listed, emptied, retired, removed. Each part is a step of its own. */
import { join } from 'node:path';
import { openInstances } from '../../../clients/aws/instances.ts';
import { readLaunches } from '../../../clients/aws/launches.ts';
import type { Node } from '../../../cluster/model.ts';
import { instanceTags, stackParts, tags } from '../../../contracts/aws-names.ts';
import { EnsembleError } from '../../../contracts/error.ts';
import { formatBytes } from '../../../topics/format-quantities.ts';
import type { PlannedChange } from '../../aws/terraform-plan.ts';
import { nodesRunning } from '../../health.ts';
import { type RetireReport, retireNode } from '../../retire.ts';
import { awsRetireTarget } from '../../retire-targets.ts';
import { moveAway } from '../../topics-away.ts';
import { changeEnvironment, forgetRetired, listRetired } from '../changed-environment.ts';
import { notAsMeant, notRefused } from '../errors.ts';
import { bootChosen } from '../machines.ts';
import { topicsTargetOf, withOperated } from '../operated.ts';
import { describePlanned, isAbout, planParts } from '../planned.ts';
import type { Rehearsal, RehearsalStep } from '../rehearsal.ts';
import { chooseNodes } from './lists.ts';

export const leavingStep: RehearsalStep = {
  id: 'leaving',
  title: 'A worker listed as leaving, and kept while it holds replicas',
  async run(rehearsal, report, signal) {
    const last = nodesRunning(rehearsal.aws.environment.cluster.groups, 'kafka').at(-1);
    if (last === undefined) throw notAsMeant('no worker is there', []);
    await changeEnvironment(rehearsal, (file) => listRetired(file, last.ordinal));
    const { stacks, aws } = rehearsal;
    const working = { signal, onProgress: report };
    await stacks.synthesize(aws.environment.file, working);
    const changes = await planParts(rehearsal, stackParts, working);
    assertOnly(changes, last, 'listing it as leaving is to make and end nothing', ({ kind }) => kind === 'update');
    await stacks.apply('data', working);
    const said = await retire(rehearsal, last, signal).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof EnsembleError && error.code === 'OPERATIONS_NODE_NEEDED') return error.evidence.join('; ');
        throw error;
      },
    );
    if (said === undefined || !said.includes('replicas of partitions'))
      throw notRefused(`retiring ${last.id}, which holds replicas,`);
    return `${last.id}: nothing made or ended; \`ensemble retire\` refused, since ${said}`;
  },
};

export const emptiedStep: RehearsalStep = {
  id: 'emptied',
  title: 'Emptied',
  async run(rehearsal, report, signal) {
    const node = leavingWorker(rehearsal);
    const target = await topicsTargetOf(rehearsal, undefined);
    const { brokers, applied, left } = await moveAway(target, [node.id], async () => 'agreed before', {
      signal,
      onProgress: ({ moving }) => report(`${moving?.done ?? 0} of ${moving?.total ?? 0} partitions moved`),
    });
    if (left !== 0)
      throw notAsMeant(
        `${node.id} is not empty`,
        (applied?.outcomes ?? []).map((each) => `${each.topic}: ${each.status} ${each.why ?? ''}`),
      );
    const held = brokers.map(({ replicas, sizeBytes }) => `${replicas} replicas, ${formatBytes(sizeBytes ?? 0)}`);
    return `${node.id} held ${held.join(', ')}, and holds nothing`;
  },
};

export const retiredStep: RehearsalStep = {
  id: 'retired',
  title: 'Retired, removed and ended',
  async run(rehearsal, report, signal) {
    const node = leavingWorker(rehearsal);
    const { volumes } = await retire(rehearsal, node, signal);
    const before = await machinesOnAws(rehearsal);
    await changeEnvironment(rehearsal, (file) => forgetRetired(file, node.id));
    const { stacks, aws } = rehearsal;
    const working = { signal, onProgress: report };
    await stacks.synthesize(aws.environment.file, working);
    const changes = await planParts(rehearsal, stackParts, working);
    assertOnly(changes, node, 'removing it is to end what is its own', ({ kind }) => kind === 'destroy');
    await stacks.apply('data', working);
    await stacks.apply('foundation', working);
    const after = await machinesOnAws(rehearsal);
    const others = before.filter((machine) => !machine.startsWith(`${node.id} `));
    if (others.length !== before.length - 1 || others.join() !== after.join())
      throw notAsMeant(`with ${node.id} other machines came or went`, [before.join(', '), after.join(', ')]);
    const left = await volumesThere(rehearsal, volumes);
    if (volumes.length === 0 || left.length > 0) throw notAsMeant(`volumes of ${node.id} are still there`, left);
    await chooseNodes(rehearsal);
    await bootChosen(rehearsal, [], working);
    return `${node.id}: ${changes.length} resources ended, all its own; its machine and ${volumes.join(', ')} are gone, ${others.length} other machines as they were`;
  },
};

function leavingWorker({ aws }: Rehearsal): Node {
  const node = nodesRunning(aws.environment.cluster.groups, 'kafka')
    .filter(({ leaving }) => leaving)
    .at(-1);
  if (node === undefined) throw notAsMeant('no worker is listed as leaving', []);
  return node;
}

async function retire(rehearsal: Rehearsal, node: Node, signal: AbortSignal): Promise<RetireReport> {
  const { timeoutMs, stateRoot } = rehearsal.options;
  const stateDirectory = join(stateRoot, rehearsal.aws.place.environment);
  return await withOperated(rehearsal, signal, ({ operated }) =>
    retireNode(awsRetireTarget(operated, stateDirectory), node.id, { keep: false, timeoutMs, signal }),
  );
}

function assertOnly(
  changes: readonly PlannedChange[],
  node: Node,
  what: string,
  may: (change: PlannedChange) => boolean,
): void {
  const others = changes.filter((change) => !may(change) || !isAbout(change, node.id));
  if (others.length === 0) return;
  throw notAsMeant(`${node.id}: ${what}`, describePlanned(others));
}

/** `worker-1 i-0abc 10.20.0.17`, in order. */
async function machinesOnAws({ aws: { place } }: Rehearsal): Promise<readonly string[]> {
  const launches = await readLaunches({ region: place.region }, { [tags.environment]: place.environment });
  return launches.map((launch) => `${launch.tags[instanceTags.node]} ${launch.instance} ${launch.address}`).sort();
}

async function volumesThere({ aws: { place } }: Rehearsal, ids: readonly string[]): Promise<readonly string[]> {
  const instances = await openInstances({ region: place.region });
  try {
    const found = await instances.volumes({ [tags.environment]: place.environment });
    return found.map(({ id }) => id).filter((id) => ids.includes(id));
  } finally {
    instances.close();
  }
}
