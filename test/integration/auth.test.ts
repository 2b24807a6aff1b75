/**
 * The authentication service as a process on MongoDB's stand-in, seeded as an environment is: the operator's certificate becomes the operator's token; certificates are
 * exchanged on SIGHUP without a dropped connection; SIGTERM lets a login finish.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { seedConfigShape } from '../../contracts/seed-config.ts';
import { seed } from '../../programs/seed/seed.ts';
import {
  ask,
  type KeyPair,
  type OwnCertificates,
  ownCertificates,
  serviceToken,
} from '../programs/auth/auth-fixture.ts';
import { requires } from '../requirements.ts';
import { type StandIn, startStandIn } from './stand-in-fixture.ts';

const startLimitMs = 30_000;
const stopLimitMs = 20_000;
const operatorToken = 'o'.repeat(64);

interface Running {
  readonly child: ChildProcess;
  readonly port: number;
  output(): string;
  /** Until the output has this. */
  says(words: string): Promise<void>;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

requires('java', 'maven').describe('the authentication service as a process', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-auth-process-'));
  let own: OwnCertificates;
  let standIn: StandIn;
  /** Stands for the messaging API: holds an answer back until it is told. */
  let release = () => {};
  let held: Promise<void> | undefined;
  const asked: string[] = [];
  const children: ChildProcess[] = [];
  let api: ReturnType<typeof createServer>;

  beforeAll(async () => {
    own = await ownCertificates();
    api = createServer({ cert: own.server.pem, key: own.server.keyPem }, (request, response) => {
      asked.push(`${request.url} ${String(request.headers['x-api-key'])}`);
      void (held ?? Promise.resolve()).then(() => response.end(JSON.stringify({ token: operatorToken })));
    });
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    standIn = await startStandIn();
    mkdirSync(join(folder, 'authorities'));
    writeFileSync(join(folder, 'authorities', 'ca.pem'), own.authority);
    await seedAll();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    api?.close();
    await standIn?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function seedAll(): Promise<void> {
    const config = seedConfigShape.parse({
      store_host: standIn.storeHost,
      users: [{ name: 'operator', token: operatorToken, service_roles: ['service_admin'] }],
      auth: {
        store_db: 'authn',
        service_types: [
          {
            name: 'ams',
            hosts: ['localhost'],
            methods: [
              {
                host: 'localhost',
                port: (api.address() as AddressInfo).port,
                headers: { 'x-api-key': 'the-lookup-key' },
              },
            ],
            bindings: [{ name: 'operator', host: 'localhost', auth_identifier: 'CN=operator', user: 'operator' }],
          },
        ],
      },
    });
    await seed(config, { now: () => new Date(), tell: () => {}, warn: () => {} });
  }

  function install({ pem, keyPem }: KeyPair): void {
    writeFileSync(join(folder, 'server.crt'), pem);
    writeFileSync(join(folder, 'server.key'), keyPem);
  }

  function start(change: object = {}): Running {
    install(own.server);
    const file = join(folder, 'config.json');
    const config = {
      service_port: 0,
      mongo_host: standIn.storeHost,
      mongo_db: 'authn',
      certificate_authorities: join(folder, 'authorities'),
      certificate: join(folder, 'server.crt'),
      certificate_key: join(folder, 'server.key'),
      service_token: serviceToken,
      supported_auth_types: ['x509'],
      supported_auth_methods: ['api-key', 'headers'],
      supported_service_types: ['ams'],
      service_types_paths: { ams: '/v1/users:byUUID/{{identifier}}' },
      service_types_retrieval_fields: { ams: 'token' },
      verify_certificate: true,
      ensemble: {
        bindAddress: '127.0.0.1',
        certificateAuthority: join(folder, 'authorities', 'ca.pem'),
        revocation: 'whenNamed',
      },
      ...change,
    };
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(process.execPath, ['--import', 'tsx', 'programs/auth/main.ts', '--config', file]);
    children.push(child);
    let output = '';
    const listeners: (() => void)[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        for (const each of listeners) each();
      });
    const ended = new Promise<number | string | null>((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? signal)),
    );
    const says = (words: string) =>
      new Promise<void>((resolve, reject) => {
        const limit = setTimeout(() => reject(new Error(`never said ${words}: ${output}`)), startLimitMs);
        const look = () => {
          if (!output.includes(words)) return;
          clearTimeout(limit);
          resolve();
        };
        listeners.push(look);
        look();
        void ended.then(() => reject(new Error(`ended: ${output}`)));
      });
    return {
      child,
      get port() {
        return Number(/"port":(\d+)/.exec(output)?.[1]);
      },
      output: () => output,
      says,
      ended,
    };
  }

  const logIn = (port: number) =>
    ask(
      { method: 'GET', path: 'service-types/ams/hosts/localhost:authx509', port, ca: own.authority },
      { key: '', certificate: own.operator },
    );

  async function serverSerial(port: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', ca: own.authority }, () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }

  async function bounded<T>(waited: Promise<T>): Promise<T> {
    let limit: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_resolve, reject) => {
      limit = setTimeout(() => reject(new Error('took too long')), stopLimitMs);
    });
    return Promise.race([waited, over]).finally(() => clearTimeout(limit));
  }

  it("gives the operator's token for the operator's certificate, with nothing done by hand, and logs neither token nor key", async () => {
    const auth = start();
    await auth.says('listening');
    const { status, body } = await logIn(auth.port);
    expect([status, body]).toEqual([200, { token: operatorToken }]);
    expect(asked.at(-1)).toMatch(/^\/v1\/users:byUUID\/[0-9a-f-]{36} the-lookup-key$/);
    const bindings = await ask({ method: 'GET', path: 'bindings', port: auth.port, ca: own.authority });
    expect(bindings.body).toMatchObject({ bindings: [{ name: 'operator', auth_identifier: 'CN=operator' }] });
    expect((await ask({ method: 'GET', path: '/ready', port: auth.port, ca: own.authority })).status).toBe(200);
    auth.child.kill('SIGTERM');
    expect(await bounded(auth.ended)).toBe(0);
    for (const secret of [operatorToken, 'the-lookup-key', serviceToken]) expect(auth.output()).not.toContain(secret);
  });

  it('shows another certificate after SIGHUP, drops nobody, and keeps the old one where the new is unusable', async () => {
    const auth = start();
    await auth.says('listening');
    const before = await serverSerial(auth.port);
    held = new Promise((resolve) => {
      release = resolve;
    });
    const seen = asked.length;
    const waiting = logIn(auth.port);
    await expect.poll(() => asked.length).toBeGreaterThan(seen);
    install(own.operator);
    auth.child.kill('SIGHUP');
    await auth.says('certificates were read again');
    const after = await serverSerial(auth.port);
    expect(after).not.toBe(before);
    release();
    expect((await waiting).status).toBe(200);
    held = undefined;
    copyFileSync(join(folder, 'authorities', 'ca.pem'), join(folder, 'server.crt'));
    auth.child.kill('SIGHUP');
    await auth.says('certificates were not read again');
    expect(await serverSerial(auth.port)).toBe(after);
    expect((await logIn(auth.port)).status).toBe(200);
    auth.child.kill('SIGTERM');
    expect(await bounded(auth.ended)).toBe(0);
  });

  it('finishes a login that is under way when SIGTERM comes, and takes no other', async () => {
    const auth = start();
    await auth.says('listening');
    const { port } = auth;
    held = new Promise((resolve) => {
      release = resolve;
    });
    const seen = asked.length;
    const waiting = logIn(port);
    await expect.poll(() => asked.length).toBeGreaterThan(seen);
    auth.child.kill('SIGTERM');
    await auth.says('finishes what is under way');
    await expect
      .poll(() =>
        logIn(port).then(
          () => 'taken',
          () => 'refused',
        ),
      )
      .toBe('refused');
    release();
    held = undefined;
    expect((await waiting).body).toEqual({ token: operatorToken });
    expect(await bounded(auth.ended)).toBe(0);
    expect(auth.output()).toContain('left');
  });

  it('ends with status 1 and one line where a file or the store is not there', async () => {
    const missing = start({ certificate: join(folder, 'none.crt') });
    expect(await bounded(missing.ended)).toBe(1);
    expect(missing.output().trim()).toMatch(/^AUTH_FILE_UNUSABLE: .*none\.crt.*$/);
    const unknown = start({ servce_port: 1 });
    expect(await bounded(unknown.ended)).toBe(1);
    expect(unknown.output().trim()).toMatch(/^PROGRAM_CONFIG_INVALID: .*servce_port.*$/);
  });
});
