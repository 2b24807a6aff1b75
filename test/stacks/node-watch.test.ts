/** Logs and figures of nodes on AWS: who may send what where, and which alarm looks at what comes of it. */
import { describe, expect, it } from 'vitest';
import { parseNodeList } from '../../contracts/node-list.ts';
import { nodeWatchConfigShape } from '../../contracts/node-watch-config.ts';
import { clusterOf } from '../cluster/environment-fixture.ts';
import { environmentText } from '../integration/environment-text.ts';
import { objectsOf } from '../provision/whole-platform.ts';
import { resourcesOf } from './policy.ts';
import { synthesized } from './synthesized.ts';

const cluster = clusterOf(environmentText('staging'));
const stacks = synthesized(cluster);
const resources = resourcesOf(Object.values(stacks));
const configOf = (node: string) => {
  const file = objectsOf(node, cluster).files.find(({ path }) => path === '/etc/ensemble/node-watch/config.json');
  return nodeWatchConfigShape.parse(JSON.parse(file?.text ?? ''));
};
const ids = cluster.groups.flatMap(({ nodes }) => nodes.map(({ id }) => id));

describe('what watches a node on AWS', () => {
  it('is on every node, with its archives, and is started anew by whoever applies the list', () => {
    for (const id of ids) {
      const { archives, accounts, asides, services } = parseNodeList(objectsOf(id, cluster).list.text);
      expect(archives.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'node-watch']));
      expect(accounts.map(({ name }) => name)).toContain('ensemble-node-watch');
      expect(asides).toEqual([
        { name: 'node-watch', unit: 'ensemble-node-watch.service', digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ]);
      expect(services.map(({ service }) => service)).not.toContain('node-watch');
    }
  });

  it('is not on nodes of a target that has nowhere to send anything to', () => {
    const { list, files } = objectsOf('worker-1');
    expect(parseNodeList(list.text).asides).toEqual([]);
    expect(files.map(({ path }) => path).join()).not.toMatch(/node-watch|timesyncd/);
  });

  it('sends to its role’s group of logs, which is there, and measures every volume where it is mounted', () => {
    const { volumes, ...config } = configOf('worker-2');
    expect(config).toMatchObject({
      environment: 'staging',
      node: 'worker-2',
      sink: { kind: 'cloudwatch', region: 'eu-west-1', group: '/ensemble/staging/worker' },
    });
    expect(volumes).toEqual([
      { name: 'system', path: '/' },
      { name: 'data-1', path: '/var/lib/ensemble/kafka/data-1' },
    ]);
    const groups = resources.filter(({ type }) => type === 'aws_cloudwatch_log_group').map(({ body }) => body.name);
    for (const id of ids) expect(groups).toContain(configOf(id).sink.group);
  });

  it('may write to no other group of logs and no other namespace of metrics', () => {
    const rights = resources.filter(({ type, name }) => type === 'aws_iam_role_policy' && name === 'role');
    expect(rights).toHaveLength(cluster.groups.length);
    for (const { body, address } of rights) {
      const role = /\["([a-z]+)"\]/.exec(address)?.[1];
      const { Statement } = JSON.parse(String(body.policy)) as {
        Statement: { Sid: string; Resource: string[]; Condition?: unknown }[];
      };
      expect(Statement.find(({ Sid }) => Sid === 'OwnLogs')?.Resource).toEqual([
        `arn:aws:logs:eu-west-1:123456789012:log-group:/ensemble/staging/${role}:*`,
      ]);
      expect(Statement.find(({ Sid }) => Sid === 'OwnFigures')?.Condition).toEqual({
        StringEquals: { 'cloudwatch:namespace': 'Ensemble/Nodes' },
      });
    }
  });

  it('asks the cloud’s own servers for the time', () => {
    const file = objectsOf('worker-1', cluster).files.find(({ path }) => path.includes('timesyncd'));
    expect(file?.path).toBe('/etc/systemd/timesyncd.conf.d/60-ensemble.conf');
    expect(file?.text).toContain('\nNTP=169.254.169.123\n');
  });
});

describe('the alarm of a disk', () => {
  const alarms = resources.filter(({ type, name }) => type === 'aws_cloudwatch_metric_alarm' && name === 'disk');
  const alarmOf = (key: string) => alarms.find(({ address }) => address.endsWith(`["${key}"]`))?.body;

  it('is there for every volume of every node, and looks at exactly what that node puts', () => {
    const watched = ids.flatMap((id) => configOf(id).volumes.map(({ name }) => [id, name] as const));
    expect(alarms).toHaveLength(watched.length);
    for (const [node, volume] of watched)
      expect(alarmOf(`${node}/${volume}`)).toMatchObject({
        namespace: 'Ensemble/Nodes',
        metric_name: 'DiskUsedPercent',
        dimensions: { Environment: 'staging', Node: node, Volume: volume },
        threshold: 80,
        comparison_operator: 'GreaterThanOrEqualToThreshold',
        alarm_actions: ['arn:aws:sns:eu-west-1:123456789012:ensemble-staging-alarms'],
      });
  });

  it('goes off for a volume with data that nobody says anything of, and not for a machine that may go', () => {
    expect(alarmOf('worker-1/data-1')).toMatchObject({ treat_missing_data: 'breaching' });
    expect(alarmOf('api-1/system')).toMatchObject({ treat_missing_data: 'missing' });
    for (const { body } of alarms)
      expect(body.treat_missing_data).toBe(String(body.alarm_name).endsWith('-system') ? 'missing' : 'breaching');
  });

  it('has a name that AWS takes, and no two have one', () => {
    const names = alarms.map(({ body }) => String(body.alarm_name));
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name.length).toBeLessThan(256);
  });
});
