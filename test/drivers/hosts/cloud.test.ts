/** What answers for the cloud inside the machines' network: the metadata service and the resolver, as bytes and paths. */
import { describe, expect, it } from 'vitest';
import { answerMetadata } from '../../../drivers/hosts/cloud/metadata.ts';
import { answerQuestion } from '../../../drivers/hosts/cloud/name-answer.ts';

const machine = { instance: 'i-1', zone: 'eu-west-1a', region: 'eu-west-1', tags: { 'ensemble-node': 'worker-1' } };
const config = { domain: 'amazonaws.com', machines: { '10.20.0.17': machine } };

describe('the metadata service', () => {
  const token = answerMetadata(config, {
    method: 'PUT',
    path: '/latest/api/token',
    from: '10.20.0.17',
    token: undefined,
  }).body;
  const get = (path: string, from = '10.20.0.17', given: string | undefined = token) =>
    answerMetadata(config, { method: 'GET', path, from, token: given });

  it('tells a machine what it is by the address that asks', () => {
    expect(get('/latest/meta-data/tags/instance/ensemble-node')).toEqual({ status: 200, body: 'worker-1' });
    expect(get('/latest/meta-data/placement/availability-zone').body).toBe('eu-west-1a');
    expect(get('/latest/meta-data/services/domain').body).toBe('amazonaws.com');
    expect(get('/latest/meta-data/iam/security-credentials/').body).toBe('node');
    expect(JSON.parse(get('/latest/meta-data/iam/security-credentials/node').body)).toHaveProperty('Token');
  });

  it('answers by version 2 alone, and tells nobody else anything', () => {
    expect(get('/latest/meta-data/instance-id', '10.20.0.17', 'none')).toEqual({ status: 401, body: '' });
    expect(get('/latest/meta-data/instance-id', '10.20.0.99').status).toBe(404);
    expect(get('/latest/meta-data/tags/instance/no-such-tag').status).toBe(404);
    expect(get('/latest/meta-data/no-such-thing').status).toBe(404);
    expect(
      answerMetadata(config, { method: 'GET', path: '/latest/api/token', from: '10.20.0.17', token: undefined }).status,
    ).toBe(405);
  });
});

describe('the resolver', () => {
  const question = (name: string, type = 1) =>
    Buffer.concat([
      Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
      Buffer.from([0, 0, type, 0, 1]),
    ]);
  const known = (name: string) => (name === 'worker-1.staging.internal' ? ['10.20.0.17'] : undefined);

  it('gives the address of a name, however it is spelled', () => {
    const answer = answerQuestion(question('Worker-1.staging.internal'), known) ?? Buffer.of();
    expect(answer.readUInt16BE(0)).toBe(0x1234);
    expect([answer.readUInt16BE(2) & 15, answer.readUInt16BE(6)]).toEqual([0, 1]);
    expect([...answer.subarray(-4)]).toEqual([10, 20, 0, 17]);
  });

  it('gives every address of a name that several nodes share', () => {
    const answer = answerQuestion(question('messaging.staging.internal'), () => ['10.20.0.106', '10.20.32.107']);
    expect(answer?.readUInt16BE(6)).toBe(2);
    expect([...(answer ?? []).slice(-4), ...(answer ?? []).slice(-20, -16)]).toEqual([10, 20, 32, 107, 10, 20, 0, 106]);
  });

  it('says that a known name has no other kind of address, and that another name is none', () => {
    const other = answerQuestion(question('worker-1.staging.internal', 28), known) ?? Buffer.of();
    expect([other.readUInt16BE(2) & 15, other.readUInt16BE(6)]).toEqual([0, 0]);
    const none = answerQuestion(question('worker-9.staging.internal'), known) ?? Buffer.of();
    expect([none.readUInt16BE(2) & 15, none.readUInt16BE(6)]).toEqual([3, 0]);
  });

  it('answers no bytes that are no question', () => {
    const whole = question('worker-1.staging.internal');
    for (let length = 0; length < whole.length; length += 1)
      expect(answerQuestion(whole.subarray(0, length), known)).toBeUndefined();
    // A name that points into itself.
    expect(answerQuestion(Buffer.concat([whole.subarray(0, 12), Buffer.alloc(8, 0xc0)]), known)).toBeUndefined();
  });
});
