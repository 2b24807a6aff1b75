/** A push server's gRPC service over TLS: its words (section 5 of the protocol's reference), who may call, health, reflection, certificates; and its plain listener. */
import { X509Certificate } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { status } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { healthService } from '../../contracts/push-service.ts';
import type { PushServer } from '../../programs/push-server/push-server.ts';
import { useBench } from '../programs/push-server/bench-fixture.ts';
import { activation, callGrpc, grpcClient } from '../programs/push-server/grpc-fixture.ts';
import { apiName, Certificates, until } from '../programs/push-server/push-fixture.ts';
import { freePort } from './free-port.ts';

const bench = useBench();
const name = '/projects/P/subscriptions/S';
const call = (server: PushServer, method: string, request: object, options: Parameters<typeof callGrpc>[4] = {}) =>
  callGrpc(bench.certificates, server.port, method, request, options);
const check = (server: PushServer, service = '') => call(server, 'Check', { service }, { service: healthService });

describe('the push service', () => {
  it('answers in the words of section 5', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start({ skip_subs_load: true });
    const missing = { code: status.NOT_FOUND, details: `Subscription ${name} is not active` };
    expect(await call(server, 'SubscriptionStatus', { full_name: name })).toMatchObject(missing);
    expect(await call(server, 'DeactivateSubscription', { full_name: name })).toMatchObject(missing);
    expect((await call(server, 'ActivateSubscription', activation('S'))).value).toEqual({
      message: `Subscription ${name} activated`,
    });
    expect(await call(server, 'ActivateSubscription', activation('S'))).toMatchObject({
      code: status.ALREADY_EXISTS,
      details: `Subscription ${name} is already activated`,
    });
    expect((await call(server, 'Status', {})).value).toEqual({});
    expect(await call(server, 'ActivateSubscription', {})).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'Empty subscription',
    });
    const bursts = activation('X', { retry_policy: { type: 'bursts', period: 1 } });
    expect(await call(server, 'ActivateSubscription', bursts)).toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'Invalid argument, worker bursts not yet implemented',
    });
  });

  it('refuses every call but Status until its user is known, and its health says so (section 5)', async () => {
    bench.api.down = true;
    const starting = bench.start();
    const server = await until(
      () => bench.servers[0],
      (started): started is PushServer => started !== undefined,
    );
    if (server === undefined) throw new Error('no server');
    const unable = 'The push service is currently unable to handle any requests';
    expect(await call(server, 'ActivateSubscription', activation('S'))).toMatchObject({
      code: status.INTERNAL,
      details: unable,
    });
    expect(await call(server, 'Status', {})).toMatchObject({
      code: status.INTERNAL,
      details: `${unable}.the push worker's user is not known yet`,
    });
    expect((await check(server)).value).toEqual({ status: 'NOT_SERVING' });
    bench.api.down = false;
    await starting;
    expect((await check(server)).value).toEqual({ status: 'SERVING' });
    expect((await check(server, 'PushService')).value).toEqual({ status: 'SERVING' });
    expect((await check(server, 'other')).code).toBe(status.NOT_FOUND);
  });

  it('is ready with skip_subs_load too, and then delivers only what is activated (FAULT in section 5)', async () => {
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    const server = await bench.start({ skip_subs_load: true });
    await bench.api.publish('T', ['one']);
    expect(server.held()).toEqual([]);
    await call(server, 'ActivateSubscription', activation('S', { push_endpoint: bench.endpoint.url('/s') }));
    await until(
      () => bench.endpoint.texts('/s'),
      (texts) => texts.length === 1,
    );
  });

  it('tells those who watch its health when it leaves', async () => {
    const server = await bench.start();
    const client = await grpcClient(bench.certificates, server.port, { service: healthService });
    const watch = healthService.Watch;
    if (watch === undefined) throw new Error('no Watch');
    const seen: string[] = [];
    const stream = client.makeServerStreamRequest(watch.path, watch.requestSerialize, watch.responseDeserialize, {});
    stream.on('data', (answer: { status: string }) => seen.push(answer.status)).on('error', () => {});
    await until(
      () => seen,
      (all) => all.length === 1,
    );
    bench.servers.length = 0;
    await server.stop();
    expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
    client.close();
  });
});

describe('who may call', () => {
  it('is who shows a certificate of the authority with a listed common name', async () => {
    const server = await bench.start();
    expect((await call(server, 'Status', {})).code).toBe(status.OK);
    for (const method of ['Status', 'SubscriptionStatus'])
      expect(await call(server, method, {}, { as: 'stranger.local' })).toMatchObject({
        code: status.UNAUTHENTICATED,
        details: 'UNAUTHORISED',
      });
    const health = await call(server, 'Check', {}, { as: 'stranger.local', service: healthService });
    expect(health.code).toBe(status.UNAUTHENTICATED);
    expect((await call(server, 'Status', {}, { as: '' })).code).toBe(status.UNAVAILABLE);
    expect((await call(server, 'Status', {}, { plain: true })).code).toBe(status.UNAVAILABLE);
  });

  it('is nobody with a certificate of another authority, also where such connections are taken: anyone may write a name into one', async () => {
    const others = new Certificates();
    const forged = await others.issue(apiName);
    const server = await bench.start();
    expect((await call(server, 'Status', {}, { as: forged })).code).toBe(status.UNAVAILABLE);
    const trusting = await bench.start({ trust_unknown_cas: true });
    expect((await call(trusting, 'Status', {}, { as: forged })).code).toBe(status.UNAUTHENTICATED);
    others.remove();
  });

  it('is everybody, in clear, where TLS is off', async () => {
    const server = await bench.start({ tls_enabled: false });
    expect((await call(server, 'Status', {}, { plain: true })).code).toBe(status.OK);
  });
});

describe('certificates', () => {
  it('are read again without a dropped connection, for connections from then on', async () => {
    const server = await bench.start();
    const { pem } = await bench.certificates.authority();
    const client = await bench.certificates.issue(apiName);
    const shown = () =>
      new Promise<string>((resolve, reject) => {
        const options = { port: server.port, host: '127.0.0.1', ca: pem, cert: client.cert, key: client.key };
        const socket = connect({ ...options, ALPNProtocols: ['h2'] }, () => {
          resolve(new X509Certificate(socket.getPeerCertificate().raw).subject);
          socket.destroy();
        }).on('error', reject);
      });
    expect(await shown()).toBe('CN=push.local');
    const open = await grpcClient(bench.certificates, server.port, { service: healthService });
    const checkOpen = () =>
      new Promise<number>((resolve) => {
        const method = healthService.Check;
        if (method === undefined) throw new Error('no Check');
        open.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, {}, (error) =>
          resolve(error?.code ?? 0),
        );
      });
    expect(await checkOpen()).toBe(0);
    const renewed = await bench.certificates.issue('renewed.local');
    const old = await bench.certificates.issue('push.local');
    copyFileSync(renewed.certFile, old.certFile);
    copyFileSync(renewed.keyFile, old.keyFile);
    server.reload();
    expect(await shown()).toBe('CN=renewed.local');
    expect(await checkOpen()).toBe(0);
    open.close();
  });

  it('stay as they were where the new ones cannot be read', async () => {
    await bench.certificates.issue('push.local');
    const server = await bench.start({ certificate: join(bench.certificates.folder, 'push-local.crt-pem') });
    const { certFile } = await bench.certificates.issue('push.local');
    const { rmSync } = await import('node:fs');
    rmSync(certFile);
    expect(() => server.reload()).toThrow(/certificate: .*cannot be read/);
    expect((await call(server, 'Status', {})).code).toBe(status.OK);
  });
});

describe('who may call', () => {
  it('is read again: a name that joins is answered, and one that left is not', async () => {
    const server = await bench.start();
    const code = async (as: string) => (await call(server, 'Status', {}, { as })).code;
    expect(await code('api-2.local')).toBe(status.UNAUTHENTICATED);
    server.reload([apiName, 'api-2.local']);
    expect(await code('api-2.local')).toBe(status.OK);
    server.reload(['api-2.local']);
    expect(await code(apiName)).toBe(status.UNAUTHENTICATED);
  });
});

describe('reflection', () => {
  it.each(['v1', 'v1alpha'])(
    '%s names the services and gives their descriptors, to a client made from the published .proto',
    async (version) => {
      const server = await bench.start();
      const root = join(createRequire(import.meta.url).resolve('@grpc/reflection'), '../../proto/grpc/reflection');
      const loaded = loadSync(join(root, version, 'reflection.proto'), { keepCase: true, oneofs: true });
      const service = loaded[`grpc.reflection.${version}.ServerReflection`] as ServiceDefinition;
      const method = service.ServerReflectionInfo;
      if (method === undefined) throw new Error('no reflection');
      const client = await grpcClient(bench.certificates, server.port, { service });
      const stream = client.makeBidiStreamRequest(method.path, method.requestSerialize, method.responseDeserialize);
      const answers: Record<
        string,
        { service?: { name: string }[]; file_descriptor_proto?: Buffer[]; error_code?: number }
      >[] = [];
      stream.on('data', (answer) => answers.push(answer)).on('error', () => {});
      const requests = [
        { list_services: '*' },
        { file_containing_symbol: 'PushService' },
        { file_containing_symbol: 'grpc.health.v1.Health' },
        { file_by_filename: 'root.proto' },
        { file_containing_symbol: 'Nothing' },
      ];
      for (const request of requests) stream.write(request);
      await until(
        () => answers.length,
        (count) => count === requests.length,
      );
      stream.end();
      client.close();
      expect(answers[0]?.list_services_response?.service?.map((each) => each.name)).toEqual([
        'PushService',
        'grpc.health.v1.Health',
      ]);
      const [push, health, byName] = answers
        .slice(1, 4)
        .map((answer) => answer.file_descriptor_response?.file_descriptor_proto?.[0]?.toString('latin1'));
      expect(push).toContain('ActivateSubscriptionRequest');
      expect(health).toContain('HealthCheckRequest');
      expect(byName).toBe(push);
      expect(answers[4]?.error_response?.error_code).toBe(status.NOT_FOUND);
    },
  );
});

describe('the plain listener', () => {
  it('answers /ready and /metrics on its own address, and nothing else', async () => {
    const port = await freePort();
    await bench.api.subscribe('S', 'T', bench.linear('/s'));
    await bench.api.publish('T', ['one']);
    const server = await bench.start({ ensemble: { operations: { port } } });
    const get = async (path: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: answer.status, text: await answer.text() };
    };
    expect(await get('/ready')).toEqual({ status: 200, text: '{"status":"ready"}' });
    await until(
      () => server.delivered(),
      (count) => count === 1,
    );
    const { text } = await get('/metrics');
    expect(text).toContain('\npush_subscriptions_held 1\n');
    expect(text).toContain('\npush_messages_delivered_total 1\n');
    expect(text).toMatch(/\npush_cycles_total\{outcome="delivered"\} 1\n/);
    expect(text).not.toContain(name);
    expect((await get('/v1/anything')).status).toBe(404);
    bench.registry.beat = () => Promise.reject(new Error('the store is away'));
    await until(
      () => get('/ready'),
      (answer) => answer.status === 503,
    );
  });
});
