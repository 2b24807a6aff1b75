/** The wire's bytes: what each request writes and how its answer is read, against Kafka's message definitions written out by hand. */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import { expect, test } from 'vitest';
import { skipTags } from '../../clients/kafka/api.ts';
import { faultOf } from '../../clients/kafka/fault.ts';
import { alterConfigsApi } from '../../clients/kafka/requests/alter-configs.ts';
import { createPartitionsApi } from '../../clients/kafka/requests/create-partitions.ts';
import { createTopicsApi } from '../../clients/kafka/requests/create-topics.ts';
import { describeConfigsApi } from '../../clients/kafka/requests/describe-configs.ts';
import { metadataApi } from '../../clients/kafka/requests/metadata.ts';
import { bytes, hex, text } from './wire-bytes.ts';

test('Metadata never asks a broker to create the topics that it is asked about', () => {
  expect(bytes(metadataApi, { topics: undefined })).toBe(hex('ffffffff', '00'));
  expect(bytes(metadataApi, { topics: ['ab'] })).toBe(hex('00000001', text('ab'), '00'));
});

test('CreateTopics sends counts, or an assignment with both counts at -1', () => {
  const request = { brokerTimeoutMs: 16, validateOnly: true };
  expect(
    bytes(createTopicsApi, { ...request, topics: [{ topic: 'a', partitions: 3, replicas: 2, config: { k: 'v' } }] }),
  ).toBe(hex('00000001', text('a'), '00000003 0002 00000000 00000001', text('k'), text('v'), '00000010 01'));
  const assigned = { topic: 'a', partitions: 1, replicas: 2, config: {}, assignment: [[5, 6]] };
  expect(bytes(createTopicsApi, { ...request, topics: [assigned] })).toBe(
    hex('00000001', text('a'), 'ffffffff ffff 00000001 00000000 00000002 00000005 00000006 00000000 00000010 01'),
  );
});

test('CreatePartitions sends the whole count, and a null assignment where Kafka places', () => {
  const topics = [
    { topic: 'a', count: 4 },
    { topic: 'b', count: 2, assignment: [[7]] },
  ];
  expect(bytes(createPartitionsApi, { topics, brokerTimeoutMs: 1, validateOnly: false })).toBe(
    hex('00000002', text('a'), '00000004 ffffffff', text('b'), '00000002 00000001 00000001 00000007 00000001 00'),
  );
});

test('IncrementalAlterConfigs names the operation of each setting', () => {
  const changes = [
    { name: 'x', operation: 'set' as const, value: '1' },
    { name: 'y', operation: 'delete' as const, value: undefined },
  ];
  expect(bytes(alterConfigsApi, { resources: [{ type: 'topic', name: 'a', changes }], validateOnly: false })).toBe(
    hex('00000001 02', text('a'), '00000002', text('x'), '00', text('1'), text('y'), '01 ffff 00'),
  );
});

test('DescribeConfigs asks for every setting by null, and for those named otherwise', () => {
  const resources = [{ type: 'broker' as const, name: '3' }];
  expect(bytes(describeConfigsApi, { resources, names: undefined, synonyms: false })).toBe(
    hex('00000001 04', text('3'), 'ffffffff 00'),
  );
  expect(bytes(describeConfigsApi, { resources, names: ['k'], synonyms: true })).toBe(
    hex('00000001 04', text('3'), '00000001', text('k'), '01'),
  );
});

test('a setting is read with its source and with what would hold without it', () => {
  const answer = hex(
    '00000000 00000001 0000 ffff 02',
    text('a'),
    '00000001',
    text('k'),
    text('v'),
    '00 01 00 00000001',
    text('k'),
    text('w'),
    '05',
  );
  const { resources } = describeConfigsApi.decode(new Decoder(Buffer.from(answer, 'hex')));
  expect(resources).toMatchObject([
    {
      type: 'topic',
      name: 'a',
      fault: undefined,
      entries: [{ name: 'k', value: 'v', source: 'topic', synonyms: [{ value: 'w', source: 'default' }] }],
    },
  ]);
});

test('each topic keeps its own answer, in the broker’s words', () => {
  const answer = hex('00000000 00000002', text('a'), '0000 ffff', text('b'), '0024', text('it is there'));
  expect(createTopicsApi.decode(new Decoder(Buffer.from(answer, 'hex'))).topics).toEqual([
    { topic: 'a', error: undefined },
    { topic: 'b', error: { code: 36, name: 'TOPIC_ALREADY_EXISTS', retriable: false, message: 'it is there' } },
  ]);
});

test('an error that is newer than this program is still an error', () => {
  expect(faultOf(0)).toBeUndefined();
  expect(faultOf(999)).toMatchObject({ code: 999, name: 'ERROR_999', retriable: false });
});

test('tagged fields that newer brokers add are skipped to the byte', () => {
  const decoder = new Decoder(Buffer.from('020103aabbcc0201dd07', 'hex'));
  skipTags(decoder);
  expect(decoder.readInt8()).toBe(7);
});
