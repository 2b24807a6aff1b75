/** The arrows between rooms are held by .dependency-cruiser.cjs: each rule catches the fault that it is there for, and lets the lawful import pass. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { installationRoot } from '../../platform/installation-root.ts';

/** [rule, importing module, what it imports] */
const faults = [
  ['contracts-imports-only-its-arrows', 'contracts/a.ts', '../cluster/fine.ts'],
  ['contracts-imports-only-its-arrows', 'contracts/b.ts', '../documents/fine.ts'],
  ['documents-imports-only-its-arrows', 'documents/a.ts', '../cluster/fine.ts'],
  ['platform-imports-only-its-arrows', 'platform/a.ts', '../documents/fine.ts'],
  ['cluster-imports-only-its-arrows', 'cluster/a.ts', '../clients/fine.ts'],
  ['cluster-imports-only-its-arrows', 'cluster/b.ts', '../platform/fine.ts'],
  ['cluster-imports-only-its-arrows', 'cluster/c.ts', '../drivers/fine.ts'],
  ['clients-imports-only-its-arrows', 'clients/a.ts', '../cluster/fine.ts'],
  ['secrets-imports-only-its-arrows', 'secrets/a.ts', '../drivers/fine.ts'],
  ['artifacts-imports-only-its-arrows', 'artifacts/a.ts', '../secrets/fine.ts'],
  ['topics-imports-only-its-arrows', 'topics/a.ts', '../cluster/fine.ts'],
  ['drivers-imports-only-its-arrows', 'drivers/a.ts', '../artifacts/fine.ts'],
  ['drivers-imports-only-its-arrows', 'drivers/deep/b.ts', '../../topics/fine.ts'],
  ['provision-imports-only-its-arrows', 'provision/a.ts', '../secrets/fine.ts'],
  ['stacks-imports-only-its-arrows', 'stacks/a.ts', '../charts/fine.ts'],
  ['charts-imports-only-its-arrows', 'charts/a.ts', '../clients/fine.ts'],
  ['chaos-imports-only-its-arrows', 'chaos/a.ts', '../drivers/fine.ts'],
  ['review-imports-only-its-arrows', 'review/a.ts', '../cluster/fine.ts'],
  ['programs-imports-only-its-arrows', 'programs/push-server/a.ts', '../../cluster/fine.ts'],
  ['only-the-topics-applier-imports-topics', 'programs/push-server/b.ts', '../../topics/fine.ts'],
  ['operations-imports-only-its-arrows', 'operations/a.ts', '../scripts/fine.ts'],
  ['scripts-imports-only-its-arrows', 'scripts/a.ts', '../test/fine.ts'],
  ['drivers-imports-only-its-arrows', 'drivers/c.ts', '../at-the-root.ts'],
  ['topics-imports-only-its-arrows', 'topics/type.ts', 'type ../cluster/fine.ts'],
  ['room-in-the-table', 'toolbox/a.ts', '../contracts/fine.ts'],
  ['room-in-the-table-reached', 'test/reach.ts', '../toolbox/b.ts'],
  ['pure-rooms-touch-nothing', 'cluster/disk.ts', 'node:fs'],
  ['pure-rooms-touch-nothing', 'cluster/services/kafka/disk.ts', 'node:fs/promises'],
  ['pure-rooms-touch-nothing', 'contracts/net.ts', 'net'],
  ['pure-rooms-touch-nothing', 'documents/run.ts', 'node:child_process'],
  ['pure-rooms-touch-nothing', 'documents/web.ts', 'node:http'],
  ['pure-rooms-touch-nothing', 'provision/disk.ts', 'node:fs'],
  ['the-loader-only-reads-files', 'cluster/load.ts', 'node:child_process'],
  ['the-loader-only-reads-files', 'provision/user-data.ts', 'node:https'],
  ['cdktf-only-in-stacks', 'operations/terraform.ts', 'cdktf'],
  ['cdktf-only-in-stacks', 'review/terraform.ts', '@cdktf/provider-aws'],
  ['cdk8s-only-in-charts', 'stacks/kubernetes.ts', 'cdk8s-plus-28'],
  ['kafkajs-only-in-clients', 'topics/wire.ts', 'kafkajs'],
  ['mongodb-only-in-clients', 'programs/seed/store.ts', 'mongodb'],
  ['aws-sdk-only-in-clients', 'operations/bucket.ts', '@aws-sdk/client-s3'],
  ['no-circle', 'drivers/circle-one.ts', './circle-two.ts'],
  ['no-orphan', 'drivers/alone.ts', undefined],
  ['resolvable', 'drivers/nowhere.ts', './not-there.ts'],
  ['listed-in-package-json', 'drivers/stowaway.ts', 'stowaway'],
  ['development-packages-stay-in-tests', 'drivers/vitest.ts', 'vitest'],
] as const;

/** Lawful, though each is next to a fault above. */
const lawful = [
  ['cluster/load.ts', 'node:fs/promises'],
  ['provision/user-data.ts', 'node:fs'],
  ['operations/up.ts', '../drivers/fine.ts'],
  ['operations/renew.ts', '../secrets/fine.ts'],
  ['scripts/up.ts', '../operations/fine.ts'],
  ['drivers/kafka.ts', '../clients/fine.ts'],
  ['drivers/process.ts', '../platform/fine.ts'],
  ['topics/read.ts', '../clients/fine.ts'],
  ['clients/kafka.ts', 'kafkajs'],
  ['clients/mongo.ts', 'mongodb'],
  ['clients/aws.ts', '@aws-sdk/client-s3'],
  ['secrets/store.ts', '../clients/fine.ts'],
  ['stacks/aws.ts', 'cdktf'],
  ['charts/pods.ts', 'cdk8s-plus-28'],
  ['programs/topics-applier/main.ts', '../../topics/fine.ts'],
  ['test/drivers/fine.test.ts', 'vitest'],
] as const;

const reportShape = z.object({
  summary: z.object({
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
});

const rulesShape = z.object({ forbidden: z.array(z.object({ name: z.string() })) });

describe('the arrows between rooms', () => {
  let house: string;
  let caught: readonly { rule: string; from: string }[];

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(house, path)), { recursive: true });
    writeFileSync(join(house, path), text);
  };
  const importing = (what: string) =>
    what.startsWith('type ')
      ? `import type { X } from '${what.slice(5)}';\nexport type Y = X;\n`
      : `import '${what}';\nexport const y = 1;\n`;

  beforeAll(async () => {
    house = mkdtempSync(join(tmpdir(), 'ensemble-arrows-'));
    const root = installationRoot();
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json']) cpSync(join(root, file), join(house, file));
    const listed = ['cdktf', '@cdktf/provider-aws', 'cdk8s-plus-28', 'kafkajs', 'mongodb', '@aws-sdk/client-s3'];
    for (const name of [...listed, 'stowaway', 'vitest']) {
      write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
      write(`node_modules/${name}/index.js`, '');
    }
    write(
      'package.json',
      JSON.stringify({
        name: 'house',
        type: 'module',
        dependencies: Object.fromEntries(listed.map((name) => [name, '1.0.0'])),
        devDependencies: { vitest: '1.0.0' },
      }),
    );
    for (const [, , target] of faults) {
      const path = /^(?:type )?(?:\.\.\/)+(.*\.ts)$/.exec(target ?? '')?.[1];
      if (path !== undefined) write(path, 'export type X = 1;\n');
    }
    for (const room of ['operations', 'secrets', 'platform', 'clients', 'drivers', 'topics'])
      write(`${room}/fine.ts`, 'export type X = 1;\n');
    const imports = new Map<string, string[]>();
    const plant = (file: string, what: string | undefined) => {
      imports.set(file, [...(imports.get(file) ?? []), ...(what === undefined ? [] : [what])]);
    };
    for (const [, file, what] of faults) plant(file, what);
    for (const [file, what] of lawful) plant(file, what);
    plant('drivers/circle-two.ts', './circle-one.ts');
    for (const [file, all] of imports)
      write(file, all.length === 0 ? 'export const y = 1;\n' : all.map(importing).join(''));
    caught = await cruise(house);
  });
  afterAll(() => rmSync(house, { recursive: true }));

  it.each(faults)('%s catches %s that imports %s', (rule, from) => {
    expect(caught).toContainEqual({ rule, from });
  });

  it.each(lawful)('%s may import %s', (from, what) => {
    const allowedBesides = /^(cluster\/load|provision\/user-data)\.ts$/.test(from)
      ? ['the-loader-only-reads-files']
      : [];
    expect({
      what,
      caught: caught.filter((fault) => fault.from === from && !allowedBesides.includes(fault.rule)),
    }).toEqual({ what, caught: [] });
  });

  it('have a planted fault for every rule', () => {
    const names = rulesShape
      .parse(createRequire(import.meta.url)('../../.dependency-cruiser.cjs'))
      .forbidden.map((rule) => rule.name);
    expect(names.filter((name) => !faults.some(([rule]) => rule === name))).toEqual([]);
  });

  it('catches nothing that was not planted', () => {
    const planted = new Set<string>([...faults.map(([, file]) => file), 'drivers/circle-two.ts', 'toolbox/b.ts']);
    expect(caught.filter((fault) => !planted.has(fault.from))).toEqual([]);
  });
});

function cruise(house: string): Promise<{ rule: string; from: string }[]> {
  const command = join(installationRoot(), 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.'];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [command, ...options], { cwd: house, maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (stdout === '') return reject(error); // its exit status is the number of faults, of which there are many
      const { summary } = reportShape.parse(JSON.parse(stdout));
      resolve(summary.violations.map(({ rule, from }) => ({ rule: rule.name, from })));
    });
  });
}
