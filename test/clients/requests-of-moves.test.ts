/** Requests behind moving replicas and status: their bytes against Kafka's message definitions written out by hand. */
import { expect, test } from 'vitest';
import { deleteTopicsApi } from '../../clients/kafka/requests/delete-topics.ts';
import { electLeadersApi } from '../../clients/kafka/requests/elect-leaders.ts';
import { fetchOffsetsApi } from '../../clients/kafka/requests/fetch-offsets.ts';
import { describeGroupsApi, listGroupsApi } from '../../clients/kafka/requests/groups.ts';
import { listOffsetsApi } from '../../clients/kafka/requests/list-offsets.ts';
import { logDirsApi } from '../../clients/kafka/requests/log-dirs.ts';
import { alterReassignmentsApi, listReassignmentsApi } from '../../clients/kafka/requests/reassignments.ts';
import { answer, bytes, hex, text } from './wire-bytes.ts';

const one = [{ topic: 'a', partition: 7 }];

test('a move names its replicas, and a cancel has null in their place', () => {
  const moves = [
    { topic: 'a', partition: 1, replicas: [2, 3] },
    { topic: 'a', partition: 2, replicas: undefined },
  ];
  expect(bytes(alterReassignmentsApi, { moves, brokerTimeoutMs: 9 })).toBe(
    hex('00000009 02 02 61 03', '00000001 03 00000002 00000003 00', '00000002 00 00', '00 00'),
  );
});

test('each partition keeps its own answer to a move, and the whole request may have one', () => {
  expect(
    answer(
      alterReassignmentsApi,
      '00000000 0000 00 02 02 61 03',
      '00000001 0000 00 00',
      '00000002 0027 03 6e6f 00',
      '00 00',
    ).partitions,
  ).toEqual([
    { topic: 'a', partition: 1, error: undefined },
    { topic: 'a', partition: 2, error: expect.objectContaining({ name: 'INVALID_REPLICA_ASSIGNMENT', message: 'no' }) },
  ]);
  const moved = answer(alterReassignmentsApi, '00000000 0029 00 01 00');
  expect(alterReassignmentsApi.movedController?.(moved)).toBe(true);
});

test('moves under way are asked for by null, and read with who comes and who goes', () => {
  expect(bytes(listReassignmentsApi, { brokerTimeoutMs: 9 })).toBe(hex('00000009 00 00'));
  expect(
    answer(
      listReassignmentsApi,
      '00000000 0000 00 02 02 61 02',
      '00000005 03 00000001 00000002 02 00000001 02 00000002 00',
      '00 00',
    ).reassignments,
  ).toEqual([{ topic: 'a', partition: 5, replicas: [1, 2], adding: [1], removing: [2] }]);
});

test('DeleteTopics names topics, each with its own answer', () => {
  expect(bytes(deleteTopicsApi, { topics: ['a', 'b'], brokerTimeoutMs: 9 })).toBe(
    hex('00000002', text('a'), text('b'), '00000009'),
  );
  expect(answer(deleteTopicsApi, '00000000 00000001', text('a'), '0003').topics).toMatchObject([
    { topic: 'a', error: { name: 'UNKNOWN_TOPIC_OR_PARTITION' } },
  ]);
});

test('only preferred leaders are elected', () => {
  expect(bytes(electLeadersApi, { partitions: one, brokerTimeoutMs: 9 })).toBe(
    hex('00 00000001', text('a'), '00000001 00000007 00000009'),
  );
  const elected = answer(electLeadersApi, '00000000 0000 00000001', text('a'), '00000001 00000007 0054 ffff');
  expect(elected.partitions).toMatchObject([{ topic: 'a', partition: 7, error: { name: 'ELECTION_NOT_NEEDED' } }]);
});

test('offsets are asked for at the end, at the beginning, or from a time on', () => {
  const asked = (timestamp: string) => hex('ffffffff 00 00000001', text('a'), '00000001 00000007 ffffffff', timestamp);
  expect(bytes(listOffsetsApi, { partitions: one, at: 'latest' })).toBe(asked('ffffffffffffffff'));
  expect(bytes(listOffsetsApi, { partitions: one, at: 'earliest' })).toBe(asked('fffffffffffffffe'));
  expect(bytes(listOffsetsApi, { partitions: one, at: { sinceMs: 256 } })).toBe(asked('0000000000000100'));
});

test('a partition without an offset has none, rather than -1', () => {
  const { offsets } = answer(
    listOffsetsApi,
    '00000000 00000001',
    text('a'),
    '00000003',
    '00000000 0000 ffffffffffffffff 0000000000000012 00000003',
    '00000001 0006 ffffffffffffffff ffffffffffffffff ffffffff',
    '00000002 0000 ffffffffffffffff ffffffffffffffff ffffffff',
  );
  expect(offsets.map(({ offset }) => offset)).toEqual([18, undefined, undefined]);
  expect(offsets[1]?.fault?.code).toBe(6);
});

test('a group’s offsets are asked for all at once by null; what it never committed is undefined', () => {
  expect(bytes(fetchOffsetsApi, { group: 'g', partitions: undefined })).toBe(hex(text('g'), 'ffffffff'));
  expect(bytes(fetchOffsetsApi, { group: 'g', partitions: one })).toBe(
    hex(text('g'), '00000001', text('a'), '00000001 00000007'),
  );
  const { offsets, fault } = answer(
    fetchOffsetsApi,
    '00000000 00000001',
    text('a'),
    '00000002',
    '00000000 0000000000000005 ffffffff 0000 0000',
    '00000001 ffffffffffffffff ffffffff 0000 0000',
    '0010',
  );
  expect(offsets.map(({ offset }) => offset)).toEqual([5, undefined]);
  expect(fault?.code).toBe(16); // NOT_COORDINATOR
});

test('the groups of a broker are listed with their kind', () => {
  expect(bytes(listGroupsApi, undefined)).toBe('');
  expect(answer(listGroupsApi, '00000000 0000 00000001', text('g'), text('consumer')).groups).toEqual([
    { group: 'g', protocolType: 'consumer' },
  ]);
});

test('a group’s members are read with the partitions that each has', () => {
  expect(bytes(describeGroupsApi, { groups: ['g'] })).toBe(hex('00000001', text('g'), '00'));
  const assignment = hex('0000 00000001', text('a'), '00000002 00000003 00000004 00000000');
  const length = (assignment.length / 2).toString(16).padStart(8, '0');
  const { groups } = answer(
    describeGroupsApi,
    '00000000 00000001 0000',
    text('g'),
    text('Stable'),
    text('consumer'),
    text('range'),
    '00000001',
    text('m'),
    'ffff',
    text('c'),
    text('/h'),
    '00000000',
    length,
    assignment,
    '80000000',
  );
  expect(groups).toMatchObject([
    {
      group: 'g',
      state: 'Stable',
      members: [{ id: 'm', clientId: 'c', host: '/h', assigned: [{ topic: 'a', partitions: [3, 4] }] }],
    },
  ]);
});

test('a broker’s disks are read with sizes, and a disk that failed with its fault', () => {
  expect(bytes(logDirsApi, { partitions: undefined })).toBe(hex('ffffffff'));
  expect(bytes(logDirsApi, { partitions: one })).toBe(hex('00000001', text('a'), '00000001 00000007'));
  const { dirs } = answer(
    logDirsApi,
    '00000000 00000002',
    '0000',
    text('/x'),
    '00000001',
    text('a'),
    '00000001 00000007 0000000100000000 0000000000000003 01',
    '0038',
    text('/y'),
    '00000000',
  );
  expect(dirs).toMatchObject([
    {
      path: '/x',
      fault: undefined,
      replicas: [{ topic: 'a', partition: 7, sizeBytes: 2 ** 32, lag: 3, future: true }],
    },
    { path: '/y', fault: { name: 'KAFKA_STORAGE_ERROR' }, replicas: [] },
  ]);
});
