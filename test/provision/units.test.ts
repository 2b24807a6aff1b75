/** Units of every kind of node: what systemd makes of them, and what must not be missing from any. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterOf, inAws } from '../cluster/environment-fixture.ts';
import { requires } from '../requirements.ts';
import { kinds, objectsOf } from './whole-platform.ts';

/** The same in a cloud, where a program watches each node. */
const watched = objectsOf('worker-1', clusterOf(inAws())).files.filter(({ path }) =>
  path.endsWith('/ensemble-node-watch.service'),
);

const unitsOf = (id: string) => objectsOf(id).files.filter(({ path }) => path.endsWith('.service'));
const all = kinds.flatMap((id) =>
  unitsOf(id).map(({ path, text }) => ({ id, path, text, name: path.split('/').at(-1) ?? '' })),
);
const textOf = (name: string) => all.find((unit) => unit.name === `ensemble-${name}.service`)?.text ?? '';

test('every service has a unit, and what is done once for a group has one on its first node alone', () => {
  expect(all.map(({ id, name }) => `${id} ${name}`)).toEqual([
    'master-1 ensemble-zookeeper.service',
    'worker-1 ensemble-kafka.service',
    'metadata-1 ensemble-mongodb.service',
    'metadata-1 ensemble-mongodb-replica-set.service',
    'api-1 ensemble-messaging-api.service',
    'api-1 ensemble-auth.service',
    'push-1 ensemble-push-server.service',
    'balancer-1 ensemble-haproxy.service',
  ]);
  expect(unitsOf('metadata-2').map(({ path }) => path)).toEqual(['/etc/systemd/system/ensemble-mongodb.service']);
});

test.each(all)('$name of $id runs as a user of its own, in a sandbox, with its service’s own limits', ({ text }) => {
  expect(text).toMatch(/^User=ensemble-[a-z-]+$/m);
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'Restart=on-failure', 'PrivateTmp=yes'])
    expect(text).toContain(`\n${line}\n`);
  expect(text).toMatch(/^CapabilityBoundingSet=(CAP_NET_BIND_SERVICE)?$/m);
});

describe('a unit says', () => {
  test('how long its service may take to leave, and how it is asked', () => {
    expect(textOf('kafka')).toContain('\nTimeoutStopSec=600\n');
    expect(textOf('kafka')).toContain('\nSuccessExitStatus=143\n');
    expect(textOf('haproxy')).toContain('\nKillSignal=SIGUSR1\n');
  });

  test('what makes it read its files again, after they were checked', () => {
    const reloads = textOf('haproxy').match(/^ExecReload=.*$/gm);
    expect(reloads).toEqual([
      'ExecReload=/usr/sbin/haproxy -c -f /etc/ensemble/haproxy/haproxy.cfg',
      'ExecReload=/bin/kill -USR2 $MAINPID',
      'ExecReload=+/usr/local/sbin/ensemble-node started haproxy',
    ]);
    expect(textOf('kafka')).not.toContain('ExecReload');
  });

  test('that a port for root alone is its own, and nobody else’s', () => {
    expect(textOf('haproxy')).toContain('\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n');
    for (const { name, text } of all.filter((unit) => unit.name !== 'ensemble-haproxy.service'))
      expect([name, text.includes('CAP_')]).toEqual([name, false]);
  });

  test('which volumes must be there, which are all that it may write to, and that the page cache is no part of its memory', () => {
    for (const name of ['zookeeper', 'kafka', 'mongodb']) {
      const mount = `/var/lib/ensemble/${name}/data-1`;
      expect(textOf(name)).toContain(`\nRequiresMountsFor=${mount}\n`);
      expect(textOf(name)).toContain(`\nReadWritePaths=${mount}\n`);
      expect(textOf(name)).not.toMatch(/^MemoryMax/m);
    }
    expect(textOf('auth')).toMatch(/^MemoryMax=\d+M$/m);
    expect(textOf('auth')).not.toContain('ReadWritePaths');
  });

  test('what runs before it, with the time that this may take', () => {
    expect(textOf('messaging-api')).toMatch(
      /^ExecStartPre=\S+\/package\/bin\/node \S+\/seed\.mjs --config \/etc\/ensemble\/messaging-api\/seed\.json$/m,
    );
    expect(textOf('messaging-api')).toContain('\nTimeoutStartSec=90\n');
    expect(textOf('mongodb-replica-set')).toContain('\nAfter=ensemble-mongodb.service\n');
  });
});

test('what watches a node takes what its services leave, may read the journal, and writes into one folder of its own', () => {
  const text = watched[0]?.text ?? '';
  for (const line of [
    'User=ensemble-node-watch',
    'SupplementaryGroups=systemd-journal',
    'StateDirectory=ensemble-node-watch',
    'CPUWeight=10',
    'MemoryMax=256M',
    'OOMScoreAdjust=500',
    'Restart=always',
    'ProtectSystem=strict',
    'NoNewPrivileges=yes',
  ])
    expect(text).toContain(`\n${line}\n`);
  expect(text).toMatch(
    /^ExecStart=\/opt\/ensemble\/node\/\S+\/node --max-old-space-size=96 \S+\/node-watch\.mjs --config \S+$/m,
  );
  expect(text).not.toMatch(/ReadWritePaths|RequiresMountsFor/);
});

requires('systemd-analyze').describe('systemd', () => {
  let root: string;
  const verify = (name: string) => {
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['verify', '--man=no', '--recursive-errors=no', `--root=${root}`, name],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    );
    return { status, said: stdout + stderr };
  };
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };

  beforeAll(() => {
    // A machine with nothing on it but these units and the programs that they name.
    root = mkdtempSync(join(tmpdir(), 'ensemble-units-'));
    for (const { path, text } of [...all, ...watched]) {
      put(path, text);
      for (const [, program = ''] of text.matchAll(/^Exec\w+=\+?(\/\S+)/gm)) {
        put(program, '#!/bin/sh\n');
        chmodSync(join(root, program), 0o755);
      }
    }
    for (const target of ['network-online', 'sysinit', 'basic', 'shutdown', 'multi-user'])
      put(`/lib/systemd/system/${target}.target`, `[Unit]\nDescription=${target}\nDefaultDependencies=no\n`);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test.each(all)('finds no fault in $name of $id', ({ name }) => {
    expect(verify(name)).toEqual({ status: 0, said: '' });
  });

  test('finds no fault in the unit of what watches a node', () => {
    expect(verify('ensemble-node-watch.service')).toEqual({ status: 0, said: '' });
  });

  test('would find a fault', () => {
    put('/etc/systemd/system/faulty.service', textOf('kafka').replace('PrivateTmp=yes', 'PrivateTmp=perhaps'));
    expect(verify('faulty.service').said).toContain('perhaps');
  });
});
