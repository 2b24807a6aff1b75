/** One member over TLS and by SCRAM, on a scripted server (not a real member): through the loopback interface, with the name that its certificate has. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMember, MemberRefused } from '../../clients/mongo/member.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { memoryStore } from '../secrets/memory-store.ts';
import { Fault, ScriptedMongod } from './scripted-mongod.ts';

describe('a member of a replica set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-member-'));
  const host = 'metadata-1.test.internal';
  let mongod: ScriptedMongod;
  let tls: { certificateAuthority: string; certificateKey: string };
  let address: string;

  beforeAll(async () => {
    const secrets = memoryStore();
    const authority = await ensureAuthority(secrets, 'test');
    const issued = await ensureCertificate(secrets, authority, { id: 'metadata-1', commonName: host, hosts: [host] });
    tls = { certificateAuthority: join(folder, 'ca.pem'), certificateKey: join(folder, 'member.pem') };
    writeFileSync(tls.certificateAuthority, authority.certificatePem);
    writeFileSync(tls.certificateKey, issued.keystorePem);
    const answer = (command: Record<string, unknown>) => {
      if ('hello' in command || 'ismaster' in command) return { ismaster: false, secondary: false, isreplicaset: true };
      if ('replSetGetConfig' in command)
        throw new Fault(94, 'NotYetInitialized', 'no replset config has been received');
      return {};
    };
    // As a mongod with --tlsMode requireTLS and a CA file: it asks for a certificate too.
    mongod = new ScriptedMongod(answer, () => 'the password', {
      cert: issued.certificatePem,
      key: issued.keyPem,
      ca: authority.certificatePem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await mongod.listen();
    address = `127.0.0.1:${mongod.port}`;
  });
  afterAll(async () => {
    await mongod.close();
    rmSync(folder, { recursive: true });
  });

  it('is spoken to before it belongs to a set, and its refusals keep their numbers', async () => {
    const user = { name: 'admin', password: 'the password' };
    const member = await connectMember({ address, serverName: host, tls, user });
    expect(await member.command({ hello: 1 })).toMatchObject({ isreplicaset: true });
    const refused = await member.command({ replSetGetConfig: 1 }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(MemberRefused);
    expect(refused).toMatchObject({ code: 94, codeName: 'NotYetInitialized' });
    await member.close();
  });

  it('must have the name that is asked for, whatever address leads to it', async () => {
    const other = { address, serverName: 'metadata-2.test.internal', tls, patienceMs: 500 };
    await expect(connectMember(other)).rejects.toMatchObject({ code: 'CLIENT_UNREACHABLE' });
    await expect(connectMember({ address, tls, patienceMs: 500 })).rejects.toMatchObject({
      code: 'CLIENT_UNREACHABLE',
    });
  });

  it('refuses a wrong password as such, and says nothing of it', async () => {
    const user = { name: 'admin', password: 'a wrong password' };
    const failed = await connectMember({ address, serverName: host, tls, user }).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'CLIENT_REFUSED' });
    expect(JSON.stringify(failed)).not.toContain(user.password);
  });

  it('is waited for no longer than the patience given', async () => {
    const absent = await connectMember({ address: '127.0.0.1:9', patienceMs: 200 }).catch((error: unknown) => error);
    expect(absent).toMatchObject({ code: 'CLIENT_UNREACHABLE' });
  });
});
