/** Which groups use a topic: with members alone, told by what they ask for, have been given or have read; and nothing at all where an answer is missing. */
import { expect, test } from 'vitest';
import { brokerUnknown, connectionLost, refused, timedOut, unreachable } from '../../clients/errors.ts';
import { readActiveGroups } from '../../topics/plan/active-groups.ts';
import { ModelCluster, type ModelGroup } from './model-cluster.ts';

async function groupsOf(group: Omit<ModelGroup, 'group'>, topic = 'a') {
  const cluster = new ModelCluster();
  cluster.groups = [{ group: 'g', ...group }];
  return (await readActiveGroups(cluster, [topic])).get(topic);
}

test('a group uses the topics that its members ask for, and those that they were given', async () => {
  expect(await groupsOf({ topics: ['a', 'b'] })).toEqual(['g']);
  expect(await groupsOf({ topics: [], assigned: ['a'] })).toEqual(['g']);
  expect(await groupsOf({ topics: ['b'] })).toEqual([]);
});

test('a group with members uses what it has read, whatever its members ask for now', async () => {
  expect(await groupsOf({ topics: ['b'], committed: ['a'] })).toEqual(['g']);
});

test('a group without members uses nothing, though it has read', async () => {
  expect(await groupsOf({ topics: [], committed: ['a'], state: 'Empty' })).toEqual([]);
});

test('a group that is described as dead and has read may be one of the newer protocol, at work', async () => {
  expect(await groupsOf({ topics: [], committed: ['a'], state: 'Dead' })).toEqual(['g']);
  expect(await groupsOf({ topics: [], committed: ['b'], state: 'Dead' })).toEqual([]);
});

test.each([
  ['cannot be reached', unreachable('Kafka', [])],
  ['closes the connection', connectionLost('ListGroups', 'b:1')],
  ['does not answer in time', timedOut('ListGroups', 'b:1', 5)],
  ['has left', brokerUnknown(1, [2, 3])],
])('nothing is known of any topic where a broker %s', async (_what, error) => {
  const cluster = new ModelCluster();
  cluster.intercept = (api) => (api === 'ListGroups' ? { error } : undefined);
  expect(await readActiveGroups(cluster, ['a'])).toEqual(new Map());
});

test('a refusal ends the reading: it is no silence', async () => {
  const cluster = new ModelCluster();
  cluster.intercept = (api) => (api === 'ListGroups' ? { error: refused('ListGroups', 'b:1', 'no') } : undefined);
  await expect(readActiveGroups(cluster, ['a'])).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
});

test('nothing is known where a partition of the groups’ own topic has no leader', async () => {
  const cluster = new ModelCluster();
  cluster.add('__consumer_offsets', 2, 2);
  expect((await readActiveGroups(cluster, ['a'])).get('a')).toEqual([]);
  const own = cluster.topics.get('__consumer_offsets');
  own?.partitions.splice(0, 1, ...own.partitions.slice(0, 1).map((each) => ({ ...each, leader: undefined })));
  expect((await readActiveGroups(cluster, ['a'])).get('a')).toBeUndefined();
});

test('without topics nobody is asked', async () => {
  const cluster = new ModelCluster();
  expect(await readActiveGroups(cluster, [])).toEqual(new Map());
  expect(cluster.sent).toEqual([]);
});
