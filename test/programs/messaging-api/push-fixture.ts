/** A push server in this process, as the reference's section 5 describes it from outside: gRPC, health, a certificate asked for. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServiceError, type status, type UntypedHandleCall } from '@grpc/grpc-js';
import { healthService, pushService, type SubscriptionMessage } from '../../../contracts/push-service.ts';
import { ensureAuthority } from '../../../secrets/authority.ts';
import { type Certificate, ensureCertificate } from '../../../secrets/certificate.ts';
import { memoryStore } from '../../secrets/memory-store.ts';

export interface FakePushServer {
  readonly endpoint: string;
  /** What was activated, in order. */
  readonly activated: SubscriptionMessage[];
  readonly deactivated: string[];
  /** Common names of the callers, over TLS. */
  readonly callers: string[];
  /** While set, every call is refused with it; `hang`: never answered. */
  failure: { readonly code: status; readonly details: string } | 'hang' | undefined;
  stop(): void;
}

type Call = {
  readonly request: object;
  getAuthContext?(): { sslPeerCertificate?: { subject: { CN?: string | string[] } } };
};
type Done = (error: Partial<ServiceError> | null, answer?: object) => void;

export async function startPushServer(
  security = ServerCredentials.createInsecure(),
  port = 0,
): Promise<FakePushServer> {
  const server = new Server();
  const handle =
    (answer: (request: Readonly<Record<string, unknown>>) => object): UntypedHandleCall =>
    (call: Call, done: Done) => {
      const name = call.getAuthContext?.().sslPeerCertificate?.subject.CN;
      if (name !== undefined) fake.callers.push(String(name));
      if (fake.failure === 'hang') return;
      if (fake.failure !== undefined) done(fake.failure);
      else done(null, answer(call.request as Readonly<Record<string, unknown>>));
    };
  server.addService(pushService, {
    ActivateSubscription: handle(({ subscription }) => {
      const given = subscription as SubscriptionMessage;
      fake.activated.push(given);
      return { message: `Subscription ${given.full_name} activated` };
    }),
    DeactivateSubscription: handle(({ full_name }) => {
      fake.deactivated.push(String(full_name));
      return { message: `Subscription ${full_name} deactivated` };
    }),
    SubscriptionStatus: handle(({ full_name }) => ({ status: `Subscription ${full_name} is currently active` })),
    Status: handle(() => ({})),
  });
  server.addService(healthService, { Check: handle(() => ({ status: 'SERVING' })), Watch: () => {} });
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, security, (error, found) =>
      error === null ? resolve(found) : reject(error),
    );
  });
  const fake: FakePushServer = {
    endpoint: `localhost:${bound}`,
    activated: [],
    deactivated: [],
    callers: [],
    failure: undefined,
    stop: () => server.forceShutdown(),
  };
  return fake;
}

export interface TestCertificates {
  readonly authority: string;
  readonly server: Certificate;
  readonly client: Certificate;
  /** As config.json names them. */
  readonly files: {
    readonly certificate: string;
    readonly certificate_key: string;
    readonly certificate_authorities_dir: string;
  };
}

export async function makeCertificates(clientName = 'master-1'): Promise<TestCertificates> {
  const store = memoryStore();
  const authority = await ensureAuthority(store, 'local');
  const issue = (id: string) => ensureCertificate(store, authority, { id, commonName: id, hosts: ['localhost'] });
  const [server, client] = await Promise.all([issue('push-1'), issue(clientName)]);
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-push-'));
  const files = {
    certificate: join(folder, 'client.pem'),
    certificate_key: join(folder, 'client.key'),
    certificate_authorities_dir: mkdtempSync(join(folder, 'authorities-')),
  };
  writeFileSync(files.certificate, client.certificatePem);
  writeFileSync(files.certificate_key, client.keyPem, { mode: 0o600 });
  writeFileSync(join(files.certificate_authorities_dir, 'ca.pem'), authority.certificatePem);
  writeFileSync(join(files.certificate_authorities_dir, 'README'), 'no certificate');
  return { authority: authority.certificatePem, server, client, files };
}

/** Asks every client for a certificate of the authority. */
export function mutualTls({ authority, server }: TestCertificates): ServerCredentials {
  const keys = [{ private_key: Buffer.from(server.keyPem), cert_chain: Buffer.from(server.certificatePem) }];
  return ServerCredentials.createSsl(Buffer.from(authority), keys, true);
}
