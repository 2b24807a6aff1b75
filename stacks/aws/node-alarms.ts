/**
 * Alarms about single nodes: what EC2 knows of a machine from outside, and what the node itself says of its disks once a minute (programs/node-watch).
 * Families by node, or by node and volume: `worker-4/data-1`.
 */
import { CloudwatchMetricAlarm } from '@cdktf/provider-aws/lib/cloudwatch-metric-alarm/index.js';
import type { Node } from '../../cluster/model.ts';
import type { InventoryResource } from '../../contracts/inventory.ts';
import { nodeMetricDimensions, nodeMetricNamespace, nodeMetrics, systemVolume } from '../../contracts/node-metrics.ts';
import { eachKey, eachValue, expression } from '../ledger.ts';
import { alarmTopicArn } from './alarm-topic.ts';
import type { NodesProps } from './node-machines.ts';
import { placeOf } from './place.ts';

type AlarmsProps = Pick<NodesProps, 'stack' | 'ledger' | 'cluster'> & { readonly nodes: readonly Node[] };

/** In per cent. A broker stops when its volume is full, and a larger volume takes a person some hours. */
const fullDisk = 80;
/** Nothing fills a disk within minutes; a machine that restarts is away for some. */
const diskMinutes = 10;

export function nodeAlarms(props: AlarmsProps): void {
  statusAlarms(props);
  diskAlarms(props);
}

/** A machine whose hardware fails is started on other hardware, as itself; one whose system does not answer is told of. */
function statusAlarms({ stack, ledger, cluster, nodes }: AlarmsProps): void {
  const place = placeOf(cluster);
  const topic = alarmTopicArn(place);
  const shared = {
    namespace: 'AWS/EC2',
    statistic: 'Maximum',
    comparisonOperator: 'GreaterThanThreshold',
    threshold: 0,
    period: 60,
    dimensions: { InstanceId: expression('aws_instance.node[each.key].id') },
  } as const;
  const entries = Object.fromEntries(nodes.map(({ id }) => [id, {}]));
  const roles = new Map(nodes.map(({ id, role }) => [id, role]));
  const about = (id: string): InventoryResource => aboutAlarm(id, roles.get(id));
  // AWS EC2 user guide, "Create alarms that recover": two periods of a minute. Three for the other, since a restart takes one or two.
  ledger.each(
    new CloudwatchMetricAlarm(stack, 'recovery', {
      ...shared,
      alarmName: `ensemble-${cluster.environment}-${eachKey}-recovery`,
      alarmDescription: `The machine under ${eachKey} fails; it is started on another one with its address and volumes`,
      metricName: 'StatusCheckFailed_System',
      evaluationPeriods: 2,
      alarmActions: [`arn:aws:automate:${place.region}:ec2:recover`, topic],
    }),
    'recovery',
    entries,
    about,
  );
  ledger.each(
    new CloudwatchMetricAlarm(stack, 'status', {
      ...shared,
      alarmName: `ensemble-${cluster.environment}-${eachKey}-status`,
      alarmDescription: `The system of ${eachKey} does not answer`,
      metricName: 'StatusCheckFailed_Instance',
      evaluationPeriods: 3,
      alarmActions: [topic],
      okActions: [topic],
    }),
    'status',
    entries,
    about,
  );
}

/** A volume with data that nobody says anything of is as bad as a full one: it is not mounted, or its node is not there. */
function diskAlarms({ stack, ledger, cluster, nodes }: AlarmsProps): void {
  const topic = alarmTopicArn(placeOf(cluster));
  const { environment, node: nodeDimension, volume: volumeDimension } = nodeMetricDimensions;
  const watched = nodes.flatMap(({ id, role, volumes }) => [
    { node: id, role, volume: systemVolume, missing: 'missing' },
    ...volumes.map(({ name }) => ({ node: id, role, volume: name, missing: 'breaching' })),
  ]);
  const roles = new Map(nodes.map(({ id, role }) => [id, role]));
  ledger.each(
    new CloudwatchMetricAlarm(stack, 'disk', {
      alarmName: `ensemble-${cluster.environment}-${eachValue('node')}-disk-${eachValue('volume')}`,
      alarmDescription: `The volume ${eachValue('volume')} of ${eachValue('node')} is ${fullDisk} % full, or says nothing of itself`,
      namespace: nodeMetricNamespace,
      metricName: nodeMetrics.disk,
      dimensions: {
        [environment]: cluster.environment,
        [nodeDimension]: eachValue('node'),
        [volumeDimension]: eachValue('volume'),
      },
      statistic: 'Maximum',
      period: 60,
      comparisonOperator: 'GreaterThanOrEqualToThreshold',
      threshold: fullDisk,
      evaluationPeriods: diskMinutes,
      treatMissingData: eachValue('missing'),
      alarmActions: [topic],
      okActions: [topic],
    }),
    'disk',
    Object.fromEntries(watched.map(({ node, volume, missing }) => [`${node}/${volume}`, { node, volume, missing }])),
    (_key, { node }) => aboutAlarm(node, roles.get(node)),
  );
}

function aboutAlarm(node: string, role: string | undefined): InventoryResource {
  return { node, ...(role === undefined ? {} : { role }), holdsData: false, what: 'alarm' };
}
