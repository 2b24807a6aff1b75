/** The front before the metadata store's stand-in, asked by MongoDB's own driver as the platform's programs connect it; the server behind is scripted. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectMongo, Long, type MongoConnection } from '../../../clients/mongo/connection.ts';
import { scramCredentials } from '../../../drivers/hosts/cloud/scram.ts';
import { type StoreFront, serveStore } from '../../../drivers/hosts/cloud/store-front.ts';
import { messageSplitter } from '../../../drivers/hosts/cloud/store-wire.ts';
import { ensureAuthority } from '../../../secrets/authority.ts';
import { ensureCertificate } from '../../../secrets/certificate.ts';
import { ScriptedMongod } from '../../clients/scripted-mongod.ts';
import { memoryStore } from '../../secrets/memory-store.ts';

const password = 'a0b1c2d3';

describe('the front before the metadata store’s stand-in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-store-front-'));
  const authorityFile = join(folder, 'ca.pem');
  const commands: { readonly [field: string]: unknown }[] = [];
  const kept: object[] = [];
  const behind = new ScriptedMongod(
    (command) => {
      commands.push(command);
      if (Array.isArray(command.documents)) {
        kept.push(...(command.documents as object[]));
        return { n: command.documents.length };
      }
      if ('find' in command)
        return { cursor: { id: Long.fromInt(0), ns: `${command.$db}.${command.find}`, firstBatch: kept } };
      return {};
    },
    () => undefined,
  );
  let front: StoreFront;
  let closings: MongoConnection[] = [];

  beforeAll(async () => {
    const store = memoryStore();
    const authority = await ensureAuthority(store, 'staging');
    writeFileSync(authorityFile, authority.certificatePem);
    const members = await Promise.all(
      [1, 2, 3].map(async (ordinal) => {
        const shown = await ensureCertificate(store, authority, {
          id: `metadata-${ordinal}`,
          commonName: `metadata-${ordinal}.staging.internal`,
          hosts: [`metadata-${ordinal}.staging.internal`, 'localhost'],
        });
        return { name: 'localhost', address: '127.0.0.1', certificate: shown.certificatePem, key: shown.keyPem };
      }),
    );
    await behind.listen();
    const known = scramCredentials(password);
    front = await serveStore({
      set: 'staging',
      port: 0,
      members,
      credentialsOf: (user) => (user === 'ensemble' ? known : undefined),
      backend: { host: '127.0.0.1', port: behind.port },
    });
  });
  afterAll(async () => {
    await Promise.all(closings.map((each) => each.close()));
    closings = [];
    await front.close();
    await behind.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As cluster/services writes it for a program. */
  const opened = async (
    user: string,
    secret: string,
    more: Readonly<Record<string, string>> = {},
    hosts = front.hosts,
  ) => {
    const query = new URLSearchParams({
      replicaSet: 'staging',
      authSource: 'admin',
      w: 'majority',
      tls: 'true',
      tlsCAFile: authorityFile,
      ...more,
    });
    const storeHost = `${user}:${secret}@${hosts.join(',')}/?${query}`;
    const connection = await connectMongo({ storeHost, database: 'argo_msg', warn: () => undefined });
    closings.push(connection);
    return connection;
  };

  it('greets as a set whose first member takes writes, and passes on what is written and read there', async () => {
    const { database, ping } = await opened('ensemble', password);
    await ping();
    await database.collection<{ name: string }>('projects').insertOne({ name: 'first' });
    expect(await database.collection('projects').find().toArray()).toMatchObject([{ name: 'first' }]);
    expect(commands.find((command) => 'insert' in command)).toMatchObject({ writeConcern: { w: 'majority' } });
    expect(commands.some((command) => 'saslStart' in command || 'hello' in command)).toBe(false);
  });

  it('says where the primary is, whichever member is asked first', async () => {
    // A driver writes to no member that says that it is a secondary: it found the first by what the third said.
    const { database } = await opened('ensemble', password, {}, front.hosts.slice(2));
    await database.collection('projects').insertOne({ name: 'second' });
    expect(kept).toContainEqual(expect.objectContaining({ name: 'second' }));
  });

  it('refuses a password that is not that user’s, and a user that nobody made', async () => {
    await expect(opened('ensemble', 'wrong')).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
    await expect(opened('somebody', password)).rejects.toMatchObject({ code: 'CLIENT_REFUSED' });
  });

  it('passes nothing on for whoever has not signed in, and shows itself to nobody without TLS', async () => {
    const query = new URLSearchParams({ replicaSet: 'staging', tls: 'true', tlsCAFile: authorityFile });
    const storeHost = `${front.hosts.join(',')}/?${query}`;
    const connection = await connectMongo({ storeHost, database: 'argo_msg', warn: () => undefined });
    closings.push(connection);
    const before = commands.length;
    await expect(connection.database.collection('projects').find().toArray()).rejects.toMatchObject({ code: 13 });
    expect(commands.length).toBe(before);
    const port = Number(front.hosts[0]?.split(':')[1]);
    const plain = await new Promise<string>((resolve) => {
      let said = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.alloc(64)));
      socket.on('data', (chunk) => {
        said += chunk.toString('latin1');
      });
      socket.on('error', () => undefined).on('close', () => resolve(said));
    });
    expect(plain).not.toContain('ismaster');
  });

  it('is not found under another set’s name', async () => {
    await expect(
      opened('ensemble', password, { replicaSet: 'production', serverSelectionTimeoutMS: '500' }),
    ).rejects.toMatchObject({ code: 'CLIENT_UNREACHABLE' });
  });

  it('takes messages however the network cuts them, and none that is longer than any may be', () => {
    const message = Buffer.alloc(20);
    message.writeInt32LE(20, 0);
    const split = messageSplitter();
    const pieces = [message.subarray(0, 3), message.subarray(3, 19), Buffer.concat([message.subarray(19), message])];
    expect(pieces.map((piece) => split(piece).length)).toEqual([0, 0, 2]);
    const long = Buffer.alloc(16);
    long.writeInt32LE(48_000_001, 0);
    expect(() => messageSplitter()(long)).toThrow(RangeError);
  });
});
