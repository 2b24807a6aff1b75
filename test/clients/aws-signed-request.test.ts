/** Calls of a node to CloudWatch, against a server of this process that checks their signatures by AWS's description of Signature Version 4 and nothing of ours. */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { openLogs } from '../../clients/aws/logs.ts';
import { openMetrics } from '../../clients/aws/metrics.ts';
import { faultOf } from '../../clients/aws/signed-request.ts';

interface Asked {
  readonly request: IncomingMessage;
  readonly body: string;
}

let asked: Asked[] = [];
let answers: { readonly status: number; readonly text: string }[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => void chunks.push(chunk));
  request.on('end', () => {
    asked.push({ request, body: Buffer.concat(chunks).toString('utf8') });
    const { status, text } = answers.shift() ?? { status: 200, text: '{}' };
    response.writeHead(status).end(text);
  });
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKID');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'a secret');
  vi.stubEnv('AWS_SESSION_TOKEN', 'a session');
  vi.stubEnv('AWS_PROFILE', '');
});
beforeEach(() => {
  asked = [];
  answers = [];
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.close();
});

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** AWS IAM user guide, "Create a signed AWS API request", from what arrived. */
function signatureOf({ request: { method, headers }, body }: Asked, region: string, service: string): string {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const lines = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, '/', '', lines.join(''), names, sha256(body)].join('\n');
  const time = String(headers['x-amz-date']);
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  let key: Buffer = Buffer.from('AWS4a secret');
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key)
    .update(['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n'))
    .digest('hex');
}

const events = [{ atMs: 1_790_000_000_000, text: '{"message":"é"}' }];
const to = { group: '/ensemble/staging/worker', stream: 'worker-1' };

describe('a call of a node', () => {
  it('is signed as AWS describes it, with the session of its role', async () => {
    await (await openLogs({ region: 'eu-west-1' })).put(to, events);
    await (await openMetrics({ region: 'eu-west-1' })).put('Ensemble/Nodes', [], 0);
    expect(asked).toHaveLength(2);
    for (const [index, service] of ['logs', 'monitoring'].entries()) {
      const each = asked[index];
      if (each === undefined) throw new Error('no call');
      expect(each.request.headers.authorization).toContain(`Signature=${signatureOf(each, 'eu-west-1', service)}`);
      expect(each.request.headers['x-amz-security-token']).toBe('a session');
    }
    const [first] = asked;
    if (first !== undefined)
      expect(first.request.headers.authorization).not.toContain(
        signatureOf({ ...first, body: '{}' }, 'eu-west-1', 'logs'),
      );
  });

  it('puts events as CloudWatch Logs takes them, and counts what was thrown away for its age', async () => {
    answers = [
      {
        status: 200,
        text: '{"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":2,"expiredLogEventEndIndex":3,"tooNewLogEventStartIndex":9}}',
      },
    ];
    const ten = Array.from({ length: 10 }, (_, atMs) => ({ atMs, text: 'x' }));
    expect(await (await openLogs({ region: 'eu-west-1' })).put(to, ten)).toEqual({ kind: 'taken', thrownAway: 4 });
    expect(asked[0]?.request.headers['x-amz-target']).toBe('Logs_20140328.PutLogEvents');
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({
      logGroupName: to.group,
      logStreamName: to.stream,
      logEvents: ten.map(({ atMs, text }) => ({ timestamp: atMs, message: text })),
    });
  });

  it('says that there is no stream, or that something is wrong with an event, as answers; a refusal as a fault', async () => {
    const logs = await openLogs({ region: 'eu-west-1' });
    const fault = (type: string) => ({ status: 400, text: `{"__type":"com.amazonaws.logs#${type}","message":"why"}` });
    answers = ['ResourceNotFoundException', 'InvalidParameterException', 'AccessDeniedException'].map(fault);
    expect(await logs.put(to, events)).toEqual({ kind: 'absent', why: 'why' });
    expect(await logs.put(to, events)).toEqual({ kind: 'invalid', why: 'why' });
    await expect(logs.put(to, events)).rejects.toMatchObject({ code: 'CLIENT_AWS_DENIED' });
    answers = [fault('ResourceAlreadyExistsException')];
    await logs.createStream(to);
  });

  it('puts figures with their dimensions', async () => {
    const metrics = await openMetrics({ region: 'eu-west-1' });
    const dimensions = { Environment: 'staging', Node: 'worker-1' };
    await metrics.put('Ensemble/Nodes', [{ name: 'DiskUsedPercent', unit: 'Percent', value: 12.5, dimensions }], 0);
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      Action: 'PutMetricData',
      Version: '2010-08-01',
      Namespace: 'Ensemble/Nodes',
      'MetricData.member.1.MetricName': 'DiskUsedPercent',
      'MetricData.member.1.Unit': 'Percent',
      'MetricData.member.1.Value': '12.5',
      'MetricData.member.1.Timestamp': '1970-01-01T00:00:00.000Z',
      'MetricData.member.1.Dimensions.member.1.Name': 'Environment',
      'MetricData.member.1.Dimensions.member.1.Value': 'staging',
      'MetricData.member.1.Dimensions.member.2.Name': 'Node',
      'MetricData.member.1.Dimensions.member.2.Value': 'worker-1',
    });
  });

  it('reads faults of both protocols, and of what is neither', () => {
    const error =
      '<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>';
    expect(faultOf(error, 400)).toMatchObject({ name: 'Throttling', message: 'Rate exceeded' });
    expect(faultOf('{"__type":"a#B","Message":"c"}', 400)).toMatchObject({ name: 'B', message: 'c' });
    expect(faultOf('bad gateway', 502)).toMatchObject({ name: 'Unknown502', message: 'it answers with status 502' });
  });
});
