/** What an endpoint is sent, byte for byte, and what its answer means (section 5 of the protocol's reference). */
import { describe, expect, it } from 'vitest';
import {
  acknowledgementOf,
  acknowledges,
  deliveriesOf,
  type ReceivedMessage,
} from '../../../programs/push-server/delivery.ts';
import {
  InvalidSubscription,
  type PushSubscription,
  subscriptionFromMessage,
  subscriptionFromView,
} from '../../../programs/push-server/subscription.ts';

const subscription: PushSubscription = {
  name: '/projects/P/subscriptions/S',
  topic: '/projects/P/topics/T',
  type: 'http_endpoint',
  endpoint: 'https://e.example.org/in',
  maxMessages: 1,
  authorization: '',
  retry: { type: 'linear', periodMs: 3_000 },
  base64Decode: false,
  username: '',
  channel: '',
};
const at = '2024-01-31T10:00:00.5Z';
const received = (id: string, data: string, attributes?: Record<string, string>): ReceivedMessage => ({
  ackId: `projects/P/subscriptions/S:${id}`,
  message: { messageId: id, attributes, data, publishTime: at },
});
const bodies = (changes: Partial<PushSubscription>, ...messages: ReceivedMessage[]) =>
  deliveriesOf({ ...subscription, ...changes }, messages, 'ams.example.org:443').map(({ body }) => body);
const origin = '"subscription":"subscription /projects/P/subscriptions/S from ams.example.org:443"';

describe('the body of a delivery', () => {
  it('is one message in compact JSON where maxMessages is one (section 5)', () => {
    expect(bodies({}, received('5', 'b25l', { a: 'b' }))).toEqual([
      `{"message":{"messageId":"5","attributes":{"a":"b"},"data":"b25l","publishTime":"${at}"},${origin}}`,
    ]);
  });

  it('leaves attributes out where there are none (section 5)', () => {
    const bare = `{"message":{"messageId":"5","data":"b25l","publishTime":"${at}"},${origin}}`;
    expect(bodies({}, received('5', 'b25l'))).toEqual([bare]);
    expect(bodies({}, received('5', 'b25l', {}))).toEqual([bare]);
  });

  it('is a bundle where maxMessages is more than one, also for a single message (section 5)', () => {
    const one = `{"message":{"messageId":"5","data":"b25l","publishTime":"${at}"},${origin}}`;
    const two = `{"message":{"messageId":"6","data":"dHdv","publishTime":"${at}"},${origin}}`;
    expect(bodies({ maxMessages: 2 }, received('5', 'b25l'))).toEqual([`{"messages":[${one}]}`]);
    expect(bodies({ maxMessages: 9 }, received('5', 'b25l'), received('6', 'dHdv'))).toEqual([
      `{"messages":[${one},${two}]}`,
    ]);
  });

  it('has the data as text where base64Decode is on, and as it is where it is no base64 (section 5)', () => {
    const data = (text: string) =>
      JSON.parse(bodies({ base64Decode: true }, received('1', text))[0] ?? '').message.data;
    expect(data('b25l')).toBe('one');
    expect(data('4pyT')).toBe('✓');
    expect(data('not base64!')).toBe('not base64!');
    expect(data('b25l=')).toBe('b25l=');
    expect(data('')).toBe('');
  });

  it('is none where nothing was pulled', () => {
    expect(bodies({})).toEqual([]);
  });

  it('is a text for mattermost, with a name and a channel where they are set (section 5)', () => {
    const mattermost = { type: 'mattermost', base64Decode: true } as const;
    expect(bodies(mattermost, received('1', 'b25l'))).toEqual(['{"text":"one"}']);
    expect(bodies({ ...mattermost, username: 'u', channel: 'c' }, received('1', 'b25l'))).toEqual([
      '{"text":"one","username":"u","channel":"c"}',
    ]);
    expect(bodies({ type: 'mattermost' }, received('1', 'b25l'))).toEqual(['{"text":"b25l"}']);
  });

  it('is one post for each message of a mattermost pull, where upstream shows only the first (FAULT in section 5)', () => {
    const all = bodies({ type: 'mattermost', maxMessages: 5 }, received('1', 'a'), received('2', 'b'));
    expect(all).toEqual(['{"text":"a"}', '{"text":"b"}']);
  });
});

describe('the answer of an endpoint', () => {
  it('acknowledges with 200, 201 and 204, for mattermost with 200 alone (section 5)', () => {
    const taken = (type: PushSubscription['type']) =>
      [100, 102, 200, 201, 202, 203, 204, 205, 301, 400, 404, 500].filter((status) =>
        acknowledges({ ...subscription, type }, status),
      );
    expect(taken('http_endpoint')).toEqual([200, 201, 204]);
    expect(taken('mattermost')).toEqual([200]);
  });
});

describe('an acknowledgement', () => {
  it('names the last message, which covers all before it (section 5)', () => {
    expect(acknowledgementOf([received('5', ''), received('6', ''), received('7', '')])).toEqual([
      'projects/P/subscriptions/S:7',
    ]);
  });

  it('names the last of each partition where ids carry one', () => {
    const ids = ['0-4', '1-9', '0-5', '1-10', '2-0'].map((id) => received(id, ''));
    expect(acknowledgementOf(ids).map((id) => id.split(':')[1])).toEqual(['0-5', '1-10', '2-0']);
  });
});

describe('a subscription', () => {
  const config = {
    push_endpoint: 'https://e.example.org/in',
    retry_policy: { type: 'linear', period: 3_000 },
    max_messages: 1,
    authorization_header: '',
    type: 'HTTP_ENDPOINT',
    mattermost_url: '',
    mattermost_username: '',
    mattermost_channel: '',
    base_64_decode: false,
  } as const;
  const message = { full_name: subscription.name, full_topic: subscription.topic, push_config: config };
  const refusal = (changes: object) => {
    try {
      subscriptionFromMessage({ ...message, push_config: { ...config, ...changes } });
      return 'taken';
    } catch (error) {
      return error instanceof InvalidSubscription ? error.message : String(error);
    }
  };

  it('is the same from an activation and from what the messaging API shows (sections 2 and 5)', () => {
    const view = {
      name: subscription.name,
      topic: subscription.topic,
      pushConfig: {
        type: 'http_endpoint',
        pushEndpoint: 'https://e.example.org/in',
        maxMessages: 1,
        authorizationHeader: {},
        retryPolicy: { type: 'linear', period: 3_000 },
        verificationHash: 'x',
        verified: true,
        base64Decode: false,
      },
    };
    expect(subscriptionFromMessage(message)).toEqual(subscription);
    expect(subscriptionFromView(view)).toEqual(subscription);
    expect(subscriptionFromView({ ...view, pushConfig: { ...view.pushConfig, verified: false } })).toBeUndefined();
    expect(subscriptionFromView({ ...view, pushConfig: { type: '' } })).toBeUndefined();
  });

  it('is refused in the words of section 5', () => {
    expect(() => subscriptionFromMessage(null)).toThrow('Empty subscription');
    expect(() => subscriptionFromMessage({ ...message, push_config: null })).toThrow('Empty subscription');
    expect(refusal({ push_endpoint: 'nonsense' })).toMatch(/^Invalid push endpoint, /);
    expect(refusal({ push_endpoint: 'ftp://e.example.org/' })).toMatch(/^Invalid push endpoint, /);
    expect(refusal({ retry_policy: { type: 'bursts', period: 1 } })).toBe(
      'Invalid argument, worker bursts not yet implemented',
    );
    expect(refusal({ type: 7 })).toBe('Invalid argument, worker 7 not yet implemented');
    expect(() => subscriptionFromMessage({ ...message, full_name: '/projects/P/subscriptions/S?x=1' })).toThrow(
      'Invalid subscription name',
    );
  });
});
