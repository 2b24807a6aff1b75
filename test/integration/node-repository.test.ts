/** The key of somebody else's packages: taken where it is the one of the fingerprint, refused where it is another. The key is made by gpg for this. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { provisionScript } from '../../provision/user-data.ts';
import { requires } from '../requirements.ts';
import { startMachine } from './machine-sandbox.ts';

const { it } = requires('root', 'linux', 'namespaces', 'gpg');

it.each(['rsa2048', 'ed25519'])('a repository is a source of packages by its key of %s alone', async (algorithm) => {
  const home = mkdtempSync(join(tmpdir(), 'ensemble-gpg-'));
  const gpg = (...args: readonly string[]) =>
    spawnSync('gpg', ['--homedir', home, '--batch', '--passphrase', '', ...args], { encoding: 'utf8', timeout: 60_000 })
      .stdout;
  gpg('--quick-generate-key', 'packages@example.org', algorithm, 'sign', 'never');
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(gpg('--with-colons', '--fingerprint'))?.[1] ?? '';
  const armoured = gpg('--armor', '--export');
  const server = createServer((_, answer) => answer.end(armoured)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const machine = await startMachine();
  try {
    await machine.write('/var/repository.py', provisionScript('repository.py'));
    await machine.write(
      '/usr/local/sbin/apt-get',
      '#!/bin/sh\n# Not the real one: a test’s stand-in.\necho "apt-get $*"\n',
      '755',
    );
    const key = `http://127.0.0.1:${(server.address() as AddressInfo).port}/key.asc`;
    const add = async (wanted: string) =>
      await machine.run(
        `python3 /var/repository.py made-up 1.0 https://packages.example.org/apt stable main ${key} ${wanted}`,
      );

    const refused = await add('0'.repeat(40));
    expect(refused).toMatchObject({
      status: 1,
      said: expect.stringContaining(`has the fingerprint ${fingerprint} instead of 0000`),
    });
    expect(await machine.ask('ls /etc/apt/keyrings /etc/apt/sources.list.d 2>/dev/null || true')).not.toContain(
      'made-up',
    );

    const mirrors =
      'deb http://mirror.debian.org/debian bookworm main\ndeb http://packages.example.org/debian.org/ x main\n';
    await machine.write('/etc/apt/sources.list', mirrors);
    await machine.write('/etc/apt/mirrors/debian-security.list', 'http://mirror.debian.org/security\n');
    expect(await add(fingerprint)).toMatchObject({ status: 0, said: expect.stringMatching(/^apt-get .* update\n$/) });
    expect(await machine.ask('cat /etc/apt/sources.list.d/ensemble-made-up.sources')).toContain(
      'URIs: https://packages.example.org/apt\nSuites: stable\nComponents: main\nArchitectures: amd64\nSigned-By: /etc/apt/keyrings/ensemble-made-up.gpg',
    );
    // A host's own mirrors are its owner's affair; a cloud's nodes have no way out but HTTPS.
    expect(await machine.ask('cat /etc/apt/sources.list')).toBe(mirrors.trim());
    await machine.ask(
      `E_SOURCE=s3://made-up python3 /var/repository.py made-up 1.0 https://packages.example.org/apt stable main ${key} ${fingerprint}`,
    );
    expect(await machine.ask('cat /etc/apt/sources.list /etc/apt/mirrors/debian-security.list')).toBe(
      `${mirrors.replace('http://mirror', 'https://mirror')}https://mirror.debian.org/security`,
    );
    expect(await machine.ask('gpg --show-keys --with-colons /etc/apt/keyrings/ensemble-made-up.gpg')).toContain(
      fingerprint,
    );
  } finally {
    await machine.destroy();
    server.close();
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all'], { timeout: 20_000 });
    rmSync(home, { recursive: true, force: true });
  }
});
