/** A schema that is removed on one node while another remembers its topic, or gives it to one: nobody is refused for it. */
import { expect, it } from 'vitest';
import { twoNodes } from './two-nodes.ts';

it('a schema that another node removed refuses nobody who remembers the topic of before', async () => {
  const { one, other } = await twoNodes();
  const schema = { type: 'json', schema: { type: 'object' } };
  await one.make('POST', 'projects/P/schemas/X', schema);
  await one.make('PUT', 'projects/P/topics/with', { schema: 'projects/P/schemas/X' });
  const publish = async (data: string) => {
    const messages = [{ data: Buffer.from(data).toString('base64') }];
    return (await one.ask('POST', 'projects/P/topics/with:publish', { body: { messages } })).status;
  };
  expect([await publish('{}'), await publish('no object')]).toEqual([200, 400]);
  expect((await other.ask('DELETE', 'projects/P/schemas/X', {})).status).toBe(200);
  // This node forgets its schemas, and goes on remembering the topic.
  await one.make('POST', 'projects/P/schemas/Y', schema);
  expect([await publish('{}'), await publish('no object')]).toEqual([200, 200]);
});

it('a topic that is given a schema while it is removed is let go of, too', async () => {
  const { one, other } = await twoNodes(0);
  await one.make('POST', 'projects/P/schemas/X', { type: 'json', schema: { type: 'object' } });
  const { remove } = other.store.schemas;
  other.store.schemas.remove = async (filter) => {
    await one.make('PUT', 'projects/P/topics/late', { schema: 'projects/P/schemas/X' });
    return await remove.call(other.store.schemas, filter);
  };
  await other.ask('DELETE', 'projects/P/schemas/X', {});
  expect(await one.store.topics.first({ name: 'late' })).toMatchObject({ schema_uuid: '' });
});
