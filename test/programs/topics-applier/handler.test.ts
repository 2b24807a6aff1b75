/** The function as Lambda calls it, up to the brokers' door: what it is told, what its secret holds, and what it refuses before it asks anybody. */
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler } from '../../../programs/topics-applier/main.ts';
import { AwsEndpoint } from './aws-endpoint.ts';

const secret = 'ensemble/test/nodes/topics-applier';
const request = { protocol: 1, environment: 'test', action: 'health' };
const scheduled = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };

describe('the function', () => {
  let aws: AwsEndpoint;
  const lines: string[] = [];

  beforeAll(async () => {
    aws = await AwsEndpoint.open();
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    await aws.close();
  });
  beforeEach(() => {
    aws.secrets.clear();
    lines.length = 0;
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      lines.push(String(text));
      return true;
    });
    for (const [name, value] of Object.entries(aws.variables)) vi.stubEnv(name, value);
    vi.stubEnv('ENSEMBLE_ENVIRONMENT', 'test');
    vi.stubEnv('ENSEMBLE_BOOTSTRAP', '127.0.0.1:1');
    vi.stubEnv('ENSEMBLE_SECRET', secret);
  });
  const call = (event: unknown, remainingMs = 900_000) =>
    handler(event, { getRemainingTimeInMillis: () => remainingMs, awsRequestId: 'r' });
  const refused = (code: string) => ({ protocol: 1, ok: false, error: expect.objectContaining({ code }) });

  it('refuses what it was not made for: another environment, another protocol, an unknown field, a life too short', async () => {
    expect(await call({ ...request, environment: 'production' })).toEqual(refused('TOPICS_APPLIER_OTHER_ENVIRONMENT'));
    expect(await call({ ...request, protocol: 2 })).toEqual(refused('TOPICS_APPLIER_OTHER_PROTOCOL'));
    expect(await call({})).toEqual(refused('TOPICS_APPLIER_OTHER_PROTOCOL'));
    expect(await call({ ...request, also: 1 })).toEqual(refused('TOPICS_APPLIER_REQUEST_INVALID'));
    expect(await call({ ...request, action: 'format' })).toEqual(refused('TOPICS_APPLIER_REQUEST_INVALID'));
    expect(await call(request, 59_000)).toEqual(refused('TOPICS_APPLIER_TIME_TOO_SHORT'));
    expect(await call({ packed: 'AAAA' })).toEqual(refused('TOPICS_PAYLOAD_UNREADABLE'));
    expect(aws.reads).toEqual([]);
  });

  it('says what it was not told, and what its secret lacks, without the secret’s text', async () => {
    vi.stubEnv('ENSEMBLE_BOOTSTRAP', 'worker-1');
    expect(await call(request)).toMatchObject({
      error: { code: 'TOPICS_APPLIER_MISCONFIGURED', evidence: [expect.stringContaining('ENSEMBLE_BOOTSTRAP')] },
    });
    vi.stubEnv('ENSEMBLE_BOOTSTRAP', '127.0.0.1:1');
    expect(await call(request)).toEqual(refused('TOPICS_APPLIER_SECRET_ABSENT'));
    for (const text of ['not JSON: hunter2', '{"tls/ca.pem":"hunter2"}']) {
      aws.secrets.set(secret, text);
      const answer = await call(request);
      expect(answer).toEqual(refused('TOPICS_APPLIER_SECRET_UNREADABLE'));
      expect(JSON.stringify(answer) + lines.join('')).not.toContain('hunter2');
    }
  });

  it('tells brokers that do not answer as an error of the request, and each minute as a metric', async () => {
    aws.secrets.set(secret, JSON.stringify({ 'tls/ca.pem': '', 'tls/topics-applier.keystore.pem': '' }));
    expect(await call(request)).toEqual(refused('CLIENT_UNREACHABLE'));
    lines.length = 0;
    expect(await call(scheduled)).toBeNull();
    const [metric, log] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(metric).toMatchObject({ Environment: 'test', ClusterAnswers: 0 });
    expect(metric).not.toHaveProperty('UnderReplicatedPartitions');
    expect(log).toMatchObject({ outcome: 'CLIENT_UNREACHABLE', request: 'r' });
  });
});
