/** What the store writes for MongoDB, without a server: operators, and upstream's 64-bit integers. */
import { expect, test } from 'vitest';
import { Long } from '../../../clients/mongo/connection.ts';
import { messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import type { SubscriptionDocument } from '../../../contracts/messaging-documents.ts';
import { standingOf, standsAt } from '../../../programs/messaging-api/standing.ts';
import { toQuery, toUpdate } from '../../../programs/messaging-api/store/mongo-store.ts';
import { startWithSubscription } from './api-fixture.ts';

test('a cursor moves from what was read alone, and a missing epoch is 0', async () => {
  const stored = await (await startWithSubscription()).store.subscriptions.first({ name: 'S' });
  if (stored === undefined) throw new Error('no subscription');
  expect(toQuery(standsAt(standingOf(stored, false)))).toEqual({
    offset: { $eq: 0 },
    next_offset: { $eq: 0 },
    pending_ack: { $eq: '' },
    epoch: { $in: [0, null] },
  });
});

test('offsets and counters are written as 64-bit integers, and nothing empty is sent', () => {
  expect(toUpdate<SubscriptionDocument>({ set: { offset: 3, name: 'S' }, add: { msg_num: 2 } })).toEqual({
    $set: { offset: Long.fromNumber(3), name: 'S' },
    $inc: { msg_num: Long.fromNumber(2) },
  });
});

test('a value of a filter is never an operator', () => {
  expect(toQuery({ token: '{"$ne":""}' })).toEqual({ token: { $eq: '{"$ne":""}' } });
});

test('config.json takes the keys of upstream, text for switches too, and no unknown one', () => {
  const config = messagingApiConfigShape.parse({ per_resource_auth: 'false', port: 8080, store_db: 'argo_msg' });
  expect(config).toMatchObject({
    per_resource_auth: false,
    push_enabled: false,
    ensemble: { exclusiveWindows: false },
  });
  expect(messagingApiConfigShape.safeParse({ portt: 1 }).success).toBe(false);
});
