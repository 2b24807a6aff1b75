/** One worker's machine replaced as an instance refresh replaces it: another machine, the same node. */
import { allowTermination, type Launch, readLaunches } from '../../../clients/aws/launches.ts';
import type { Node } from '../../../cluster/model.ts';
import { instanceTags, tags } from '../../../contracts/aws-names.ts';
import { awaitNode } from '../../../drivers/hosts/await-node.ts';
import type { Machine } from '../../../drivers/hosts/machine.ts';
import type { PlannedChange } from '../../aws/terraform-plan.ts';
import { hostsDriver } from '../../hosts/hosted.ts';
import { notAsMeant } from '../errors.ts';
import { awaitWhole, withOperated } from '../operated.ts';
import type { Rehearsal, RehearsalStep } from '../rehearsal.ts';
import { rehearsedWorld } from '../world.ts';

const askMs = 60_000;
/** Who it is to Kafka, and which file systems it has. */
const who =
  'set -e; cat /var/lib/ensemble/kafka/*/data/meta.properties; for disk in /dev/nvme[1-9]n1; do blkid -p -s UUID -o value "$disk"; done';

export const refreshStep: RehearsalStep = {
  id: 'refresh',
  title: 'One worker’s machine, replaced',
  async run(rehearsal, report, signal) {
    const { aws, stacks, hosted, objects, options, chosen } = rehearsal;
    const { hosts } = hosted;
    const brokers = chosen.filter(({ group }) => group.services.includes('kafka'));
    const { group, node } = brokers[1] ?? brokers[0] ?? {};
    if (group === undefined || node === undefined) throw notAsMeant('no worker has a machine here', []);
    const before = await launchOf(rehearsal, node);
    const was = await answered(await hosts.machine(node.id), who);
    // As an operator lifts it (docs/aws.md): Terraform does not terminate either what is guarded against termination.
    await allowTermination({ region: aws.place.region }, before.instance);
    const address = `aws_instance.node["${node.id}"]`;
    const working = { signal, onProgress: report };
    const changes = await stacks.plan('data', working, ['-refresh=false', `-replace=${address}`]);
    const others = changes.filter((change) => !isPartOfRefresh(change, node.id));
    if (others.length > 0)
      throw notAsMeant(
        `replacing ${node.id} is to replace its machine and attach its volumes anew, and nothing else`,
        others.map(({ kind, address: at }) => `${kind} ${at}`),
      );
    await stacks.apply('data', working);
    const after = await launchOf(rehearsal, node);
    assertSame(node, before, after);
    const { world } = await rehearsedWorld(aws, chosen, rehearsal.image, hosts.layout, working);
    const next = world.hosts.find((host) => host.node === node.id);
    if (next === undefined) throw notAsMeant(`${node.id} has no machine any more`, []);
    report(`${node.id}: ${before.instance} ends, ${after.instance} boots`);
    await hosts.replace(node.id, next, signal);
    const machine = await hosts.machine(node.id);
    await awaitNode(machine, { timeoutMs: options.timeoutMs, signal });
    const driver = hostsDriver(aws.environment, hosts, objects);
    for (const service of group.services)
      await driver.ready({ node: node.id, service }, { timeoutMs: options.timeoutMs, signal });
    const is = await answered(machine, who);
    if (is !== was) throw notAsMeant(`${node.id} is another one after its machine was replaced`, [was, is]);
    const journal = await answered(machine, 'journalctl -u ensemble-node -o cat');
    if (journal.includes('formats'))
      throw notAsMeant(`${node.id} formatted a volume that had data`, journal.split('\n'));
    await withOperated(rehearsal, signal, (operated) =>
      awaitWhole(operated, { timeoutMs: options.timeoutMs, signal, report }),
    );
    const volumes = after.volumes.map(({ id }) => id).join(', ');
    return `${node.id}: ${before.instance} became ${after.instance}; ${after.address}, ${volumes}, the broker’s id and its data stayed`;
  },
};

/** What it says; an empty answer would be equal to any other. */
async function answered(machine: Machine, script: string): Promise<string> {
  const { status, output, errors } = await machine.run(script, askMs);
  if (status === 0 && output.trim() !== '') return output;
  throw notAsMeant(
    `${machine.host.node} does not say who it is (status ${status})`,
    `${output}\n${errors}`.split('\n'),
  );
}

/** Alarms watch the new machine. @internal */
export function isPartOfRefresh({ kind, address }: PlannedChange, node: string): boolean {
  const [, type = '', key = ''] = /^(\w+)\.\w+\["([^"]+)"\]$/.exec(address) ?? [];
  if (key !== node && !key.startsWith(`${node}/`)) return false;
  if (type === 'aws_cloudwatch_metric_alarm') return kind === 'update';
  return kind === 'replace' && (type === 'aws_instance' || type === 'aws_volume_attachment');
}

async function launchOf({ aws: { place } }: Rehearsal, node: Node): Promise<Launch> {
  const wanted = { [tags.environment]: place.environment, [instanceTags.node]: node.id };
  const [launch, ...more] = await readLaunches({ region: place.region }, wanted);
  if (launch === undefined || more.length > 0)
    throw notAsMeant(`${more.length + (launch === undefined ? 0 : 1)} machines of ${node.id} run`, []);
  return launch;
}

function assertSame({ id }: Node, before: Launch, after: Launch): void {
  if (after.instance === before.instance) throw notAsMeant(`${id} still has the machine ${before.instance}`, []);
  const kept = ({ address, zone, userData, volumes, tags: given }: Launch) =>
    JSON.stringify({
      address,
      zone,
      userData,
      volumes,
      node: given[instanceTags.node],
      named: given[instanceTags.volumes],
    });
  if (kept(after) !== kept(before))
    throw notAsMeant(`another machine of ${id} has another address, volume or user-data`, [kept(before), kept(after)]);
}
