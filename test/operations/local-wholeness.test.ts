/** What members of a replica set answer from this machine, over TLS, on scripted servers (not real members); and that whoever is silent is an answer. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { localAddressing } from '../../cluster/addressing.ts';
import { parseEnvironment } from '../../cluster/load.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { localWholeness } from '../../operations/local-wholeness.ts';
import { ensureAuthority } from '../../secrets/authority.ts';
import { ensureCertificate } from '../../secrets/certificate.ts';
import { ScriptedMongod } from '../clients/scripted-mongod.ts';
import { balancedEnvironment } from '../cluster/balanced-environment.ts';
import { memoryStore } from '../secrets/memory-store.ts';

const states = [{ secondary: true }, { isWritablePrimary: true, ismaster: true }, { secondary: false }];

describe('the metadata store as it is asked from here', () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'ensemble-wholeness-'));
  let members: readonly ScriptedMongod[];

  beforeAll(async () => {
    const secrets = memoryStore();
    const authority = await ensureAuthority(secrets, 'test');
    const issued = await ensureCertificate(secrets, authority, {
      id: 'metadata-1',
      commonName: 'metadata-1',
      hosts: ['127.0.0.1'],
    });
    mkdirSync(join(stateDirectory, 'secrets', 'tls'), { recursive: true });
    writeFileSync(join(stateDirectory, 'secrets', 'tls', 'ca.pem'), authority.certificatePem);
    const tls = { cert: issued.certificatePem, key: issued.keyPem };
    members = states.map(
      (state) =>
        new ScriptedMongod(
          () => ({ ismaster: false, ...state }),
          () => undefined,
          tls,
        ),
    );
    for (const member of members) await member.listen();
  });
  afterAll(async () => {
    for (const member of members) await member.close();
    rmSync(stateDirectory, { recursive: true });
  });

  /** Nodes whose ports are those of the scripted members; a port on which nobody listens for the others. */
  const wholeness = (open: readonly number[]) => {
    const document = { file: 'e.yaml', text: balancedEnvironment() };
    const spec = parseEnvironment(document);
    const cluster = resolveCluster(spec);
    const environment = { spec, cluster, file: 'e.yaml', manifestFile: 'topics.yaml' };
    const addressing = {
      ...localAddressing(cluster, { kind: 'loopback' }, stateDirectory),
      host: () => '127.0.0.1',
      port: ({ ordinal }: { readonly ordinal: number }) => open[ordinal - 1] ?? 9,
    };
    return localWholeness({ environment, addressing, bootstrap: ['127.0.0.1:9'], stateDirectory });
  };

  it('says of each member whether it is primary, secondary, neither, or silent', async () => {
    const ports = members.map(({ port }) => port);
    expect([...(await wholeness(ports).store())]).toEqual([
      ['metadata-1', 'secondary'],
      ['metadata-2', 'primary'],
      ['metadata-3', 'other'],
    ]);
    expect((await wholeness(ports.slice(0, 2)).store()).get('metadata-3')).toBeUndefined();
  });

  it('takes the silence of masters, brokers and balancers for an answer', async () => {
    const silent = wholeness([]);
    expect([...(await silent.quorum()).values()]).toEqual([undefined, undefined, undefined]);
    expect(await silent.brokers()).toBeUndefined();
    expect([...(await silent.balancers()).values()]).toEqual([undefined]);
  });
});
