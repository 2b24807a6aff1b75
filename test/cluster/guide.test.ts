/** docs/environment.md: its examples are valid, its faults are what the tool says, and no field is missing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { environmentSchema } from '../../cluster/environment.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { change, faultsOf } from './environment-fixture.ts';

const guide = readFileSync(join(installationRoot(), 'docs', 'environment.md'), 'utf8');
const examples = [...guide.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);

test('the guide has its examples', () => {
  expect(examples.length).toBe(7);
});

test.each(examples.map((text, index) => [index + 1, text] as const))('example %i is valid', (_number, text) => {
  expect(faultsOf(text)).toEqual([]);
});

test('the fault that it shows is the one that the tool says', () => {
  const [shown] = /^ {4}environments\/orchard\.yaml:.*$/m.exec(guide) ?? [];
  const [said] = faultsOf(change({ 'masters:\n  count: 3': 'masters:\n  count: 4' }));
  expect(shown?.trim()).toBe(said?.replace('e.yaml', 'environments/orchard.yaml'));
});

test('every field of the schema stands in its table', () => {
  const rows = guide.split('\n').filter((line) => line.startsWith('| '));
  const groups = ['metadata', 'api', 'push', 'balancer'] as const;
  const inGroups = groups.flatMap((group) =>
    Object.keys(environmentSchema.shape[group].unwrap().shape)
      .filter((field) => !['count', 'ids', 'machine'].includes(field))
      .map((field) => `${group}.${field}`),
  );
  expect(inGroups).toContain('api.exclusiveWindows');
  for (const field of [...Object.keys(environmentSchema.shape), ...inGroups]) {
    expect(
      rows.some((row) => new RegExp(`\`${field}[.\`]`).test(row.split('|')[1] ?? '')),
      field,
    ).toBe(true);
  }
});
