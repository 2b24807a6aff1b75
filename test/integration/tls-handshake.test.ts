/** Real handshakes over loopback with certificates of ours on both ends: they are accepted where they should be, and only there. */
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, ensureAuthority } from '../../secrets/authority.ts';
import { type Certificate, ensureCertificate } from '../../secrets/certificate.ts';
import { memoryStore } from '../secrets/memory-store.ts';

describe('a handshake with the certificates of an environment', () => {
  let authority: Authority;
  let broker: Certificate;
  let client: Certificate;
  let stranger: { authority: Authority; certificate: Certificate };
  let server: Server;
  const sockets: TLSSocket[] = [];

  beforeAll(async () => {
    const store = memoryStore();
    authority = await ensureAuthority(store, 'local');
    broker = await ensureCertificate(store, authority, {
      id: 'worker-1',
      commonName: 'worker-1',
      hosts: ['worker-1.local.internal', '127.0.0.1'],
    });
    client = await ensureCertificate(store, authority, {
      id: 'worker-2',
      commonName: 'worker-2',
      hosts: ['worker-2.local.internal'],
    });
    const elsewhere = memoryStore();
    const other = await ensureAuthority(elsewhere, 'local'); // of the same name
    stranger = {
      authority: other,
      certificate: await ensureCertificate(elsewhere, other, {
        id: 'worker-2',
        commonName: 'worker-2',
        hosts: ['127.0.0.1'],
      }),
    };
    server = createServer(
      {
        cert: broker.certificatePem,
        key: broker.keyPem,
        ca: authority.certificatePem,
        requestCert: true,
        rejectUnauthorized: false,
      },
      // Says why it would refuse: a server that cuts the connection off leaves the client of TLS 1.3 without the reason.
      (socket) =>
        socket.end(
          socket.authorized
            ? `welcome ${socket.getPeerCertificate().subject.CN}`
            : `refused: ${socket.authorizationError}`,
        ),
    );
    server.on('tlsClientError', () => {}); // a client that hangs up is what some tests want
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  afterAll(() => new Promise<void>((resolve) => server.close(() => resolve())));

  /** What the server said; rejects with what either end objected to. */
  function converse(options: { ca: string; servername?: string; certificate?: Certificate }): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const { ca, servername, certificate } = options;
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: '127.0.0.1',
        port,
        ca,
        ...(servername === undefined ? {} : { servername }),
        ...(certificate === undefined ? {} : { cert: certificate.certificatePem, key: certificate.keyPem }),
      });
      sockets.push(socket);
      const chunks: string[] = [];
      socket.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
      socket.on('error', reject).on('end', () => resolve(chunks.join('')));
    });
  }

  it('succeeds with both ends verified, by name and by address', async () => {
    const trusted = { ca: authority.certificatePem, certificate: client };
    expect(await converse({ ...trusted, servername: 'worker-1.local.internal' })).toBe('welcome worker-2');
    expect(await converse(trusted)).toBe('welcome worker-2');
  });

  it('is refused by the client under a name that the certificate does not hold', async () => {
    const wrong = converse({
      ca: authority.certificatePem,
      certificate: client,
      servername: 'worker-9.local.internal',
    });
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('is refused by the client that trusts another authority, though of the same name', async () => {
    const wrong = converse({ ca: stranger.authority.certificatePem, certificate: client });
    await expect(wrong).rejects.toThrow(/certificate/);
  });

  it('is refused by the server for a client of another authority, and for one without a certificate', async () => {
    const ca = authority.certificatePem;
    expect(await converse({ ca, certificate: stranger.certificate })).toMatch(
      /^refused: .*(SELF_SIGNED|UNABLE_TO|SIGNATURE)/,
    );
    expect(await converse({ ca })).toMatch(/^refused: /);
  });
});
