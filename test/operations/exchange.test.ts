/** Messages exchanged through two entrances of one API in memory: all well, and each way in which a platform could fail its users. */
import { describe, expect, it } from 'vitest';
import { type Api, exchangeThroughApi, parseExchanged } from '../../operations/rehearse/exchange/exchange.ts';

type Body = Readonly<Record<string, unknown>>;
type Stored = { readonly messageId: string; readonly data: string };

/** An API that keeps everything in memory; `spoil` changes what a pull gives out. */
function apiInMemory(spoil: (message: Stored) => readonly Stored[] = (message) => [message]) {
  const topics = new Map<string, Stored[]>();
  const subscriptions = new Map<string, { readonly topic: string; at: number }>();
  const calls: string[] = [];
  const answer = (method: string, path: string, body: Body): Body | undefined => {
    const [name = '', verb] = path.split(':');
    if (verb === 'publish') {
      const kept = topics.get(name);
      const messages = body.messages as readonly { readonly data: string }[];
      const ids = messages.map(({ data }) => {
        const messageId = `${kept?.length}`;
        kept?.push({ messageId, data });
        return messageId;
      });
      return { messageIds: ids };
    }
    if (verb === 'pull') {
      const subscription = subscriptions.get(name);
      const from = subscription?.at ?? 0;
      const found = topics.get(subscription?.topic ?? '')?.slice(from, from + Number(body.maxMessages)) ?? [];
      const received = found.flatMap((message) =>
        spoil(message).map((given) => ({ ackId: `${name}:${message.messageId}`, message: given })),
      );
      // What is spoilt away is passed over, as a lost message would be.
      if (received.length === 0 && subscription !== undefined) subscription.at += found.length;
      return { receivedMessages: received };
    }
    if (verb === 'acknowledge') {
      const subscription = subscriptions.get(name);
      const last = Math.max(...(body.ackIds as readonly string[]).map((id) => Number(id.split(':').at(-1))));
      if (subscription !== undefined) subscription.at = last + 1;
      return {};
    }
    if (method === 'PUT' && name.includes('/topics/')) topics.set(name, []);
    else if (method === 'PUT') subscriptions.set(name, { topic: String(body.topic), at: 0 });
    return {};
  };
  const entrance = (name: string): { readonly name: string; readonly api: Api } => ({
    name,
    api: async (method, path, body = {}) => {
      calls.push(`${name} ${method} ${path}`);
      return { status: 200, body: answer(method, path, body as Body) };
    },
  });
  return { entrances: [entrance('balancer-1'), entrance('balancer-2')], calls };
}

const options = { project: 'p', messages: 25, perBatch: 10, timeoutMs: 300 };

describe('messages through a messaging API', () => {
  it('are published through each entrance, pulled through the next, and all found under their ids', async () => {
    const { entrances, calls } = apiInMemory();
    const found = await exchangeThroughApi({ ...options, entrances });
    expect(found.troubles).toEqual([]);
    expect(found.entrances).toMatchObject([
      { name: 'balancer-1', pulledThrough: 'balancer-2', published: 25, delivered: 25, again: 0 },
      { name: 'balancer-2', pulledThrough: 'balancer-1', published: 25, delivered: 25, again: 0 },
    ]);
    expect(found.firstAcknowledgedMs).toBeGreaterThan(0);
    expect(calls.filter((call) => call.startsWith('balancer-1 POST projects/p/topics/t-0:publish'))).toHaveLength(3);
    expect(calls).toContain('balancer-2 POST projects/p/subscriptions/s-0:acknowledge');
    expect(parseExchanged(JSON.stringify(found))).toEqual(found);
  });

  it.each([
    ['lost', (message: Stored) => (message.messageId === '7' ? [] : [message]), '1 of 25 messages did not come: 7'],
    [
      'given another id',
      (message: Stored) => [{ ...message, messageId: message.messageId === '7' ? '99' : message.messageId }],
      'a message 99 came that was not published',
    ],
    [
      'changed',
      (message: Stored) => [{ ...message, data: message.messageId === '7' ? 'eA==' : message.data }],
      'message 7 came with another content',
    ],
  ])('are missed where one is %s', async (_what, spoil, words) => {
    const { entrances } = apiInMemory(spoil);
    const { troubles } = await exchangeThroughApi({ ...options, entrances });
    expect(troubles).toContainEqual(`balancer-1: ${words}`);
  });

  it('name the call that was refused', async () => {
    const refusing: Api = async () => ({ status: 503, body: { error: { code: 503 } } });
    const { troubles, entrances } = await exchangeThroughApi({ ...options, entrances: [{ name: 'a', api: refusing }] });
    expect([troubles, entrances]).toEqual([['POST projects/p: 503 {"error":{"code":503}}'], []]);
  });
});
