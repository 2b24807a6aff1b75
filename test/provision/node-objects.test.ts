/** What a node fetches: complete, final, without a secret, and moved by nothing that does not concern it. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { serviceTable } from '../../cluster/services/table.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { accountOf } from '../../provision/accounts.ts';
import { nodeScript } from '../../provision/unit.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';
import { kinds, objectsOf } from './whole-platform.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe.each(kinds)('the objects of %s', (id) => {
  const { list, files, secrets, services } = objectsOf(id);
  const listed = parseNodeList(list.text);

  test('are those that its list names, by their SHA-256', () => {
    expect(list.key).toBe(`nodes/${id}/list`);
    expect(listed).toMatchObject({ environment: 'small', node: id, services });
    expect(listed.files.map(({ key, path, sha256: hash, late, mode }) => ({ key, path, hash, late, mode }))).toEqual(
      files.map(({ key, path, text, late, mode }) => ({ key, path, hash: sha256(text), late, mode })),
    );
    expect(new Set(files.map(({ path }) => path)).size).toBe(files.length);
  });

  test('name their secrets by their ids alone, each of which the node is given', () => {
    const named = files.flatMap(({ text }) =>
      [...text.matchAll(/<<ensemble secret ([^>]*)>>/g)].map(([, name]) => name),
    );
    expect([...new Set(named)].sort()).toEqual(secrets);
    // The script is a shell's text, and stands in every bucket as it is.
    for (const { text } of files.filter(({ path }) => path !== nodeScript))
      expect(text).not.toMatch(/-----BEGIN|\$\{|%\{|Token\[/);
  });

  test('lie where their service may read them, and belong to it alone where not everybody may', () => {
    const accounts = listed.accounts.map(({ name }) => name);
    for (const { mode, owner, path } of listed.files) {
      if ((mode & 0o004) === 0) expect([path, accounts.includes(owner)]).toEqual([path, true]);
      else expect([path, owner]).toEqual([path, 'root']);
    }
    for (const { owner } of listed.folders) expect(accounts).toContain(owner);
  });
});

test('a setting of one group changes objects of its own nodes alone, and of those the files that hold it', () => {
  const before = clusterOf(smallEnvironment);
  const after = clusterOf(`${smallEnvironment}kafka: { settings: { log.retention.hours: 72 } }\n`);
  expect(objectsOf('master-1', after)).toEqual(objectsOf('master-1', before));
  const changed = objectsOf('worker-1', after).files.filter(
    ({ path, text }) => objectsOf('worker-1', before).files.find((file) => file.path === path)?.text !== text,
  );
  expect(changed.map(({ path }) => path)).toEqual(['/etc/ensemble/kafka/server.properties']);
});

test('what a job alone reads changes no digest, since its service need not be started anew', () => {
  const cluster = clusterOf(smallEnvironment);
  const digests = objectsOf('worker-1', cluster).services.map(({ digest }) => digest);
  expect(objectsOf('worker-2', cluster).services.map(({ digest }) => digest)).not.toEqual(digests);
});

test('no two services share the number of their user', () => {
  const ids = [...serviceTable.keys()].map((service) => accountOf(service).id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(accountOf('kafka')).toEqual({ name: 'ensemble-kafka', id: accountOf('kafka').id });
});
