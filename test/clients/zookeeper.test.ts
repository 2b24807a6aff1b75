/** What a ZooKeeper server says of itself, as values. */
import { expect, test } from 'vitest';
import { parseSrvr } from '../../clients/zookeeper/four-letter-words.ts';

const leader = `Zookeeper version: 3.8.4-9316c2a7a97e1666d8f4593f34dd6fc36ecc436c, built on 2024-02-12 22:16 UTC
Latency min/avg/max: 0/0.4665/16
Received: 54
Sent: 53
Connections: 4
Outstanding: 0
Zxid: 0x10000003d
Mode: leader
Node count: 30
Proposal sizes last/min/max: 48/48/48
`;

test('a server that serves says its mode and its load', () => {
  expect(parseSrvr(leader)).toEqual({
    serving: true,
    mode: 'leader',
    version: '3.8.4',
    zxid: '0x10000003d',
    connections: 4,
    outstanding: 0,
    nodeCount: 30,
    latencyMs: { minimum: 0, average: 0.4665, maximum: 16 },
  });
});

test('a server without a quorum is a value, in its own words', () => {
  const why = 'This ZooKeeper instance is not currently serving requests';
  expect(parseSrvr(`${why}\n`)).toEqual({ serving: false, why });
});

test('an empty answer, or one of something else, is a server that does not serve', () => {
  expect(parseSrvr('')).toMatchObject({ serving: false, why: expect.stringContaining('without an answer') });
  expect(parseSrvr('HTTP/1.1 400 Bad Request\r\n')).toMatchObject({ serving: false });
  expect(parseSrvr(leader.replace('leader', 'confused'))).toMatchObject({ serving: false });
});
