/** docs/aws.md says what an environment costs: its sums are right, and its first two sizes are those of the shipped environments. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../cluster/load.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { clusterMetrics } from '../../contracts/cluster-metrics.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { resourcesOf } from '../stacks/policy.ts';
import { synthesized } from '../stacks/synthesized.ts';

interface Row {
  readonly what: string;
  readonly arithmetic: string;
  readonly amount: number;
}

interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly sum: number;
}

/** Tables that open with a bold line and end with a bold sum. */
function costTables(text: string): readonly Table[] {
  return [...text.matchAll(/^\*\*(.+)\*\*\n\n\| What .*\n.*\n((?:\|.*\n)+)/gm)].map(([, title = '', body = '']) => {
    const rows = [...body.matchAll(/^\| ([^*|]+) \| ([^|]+) \| ([\d.]+) \|$/gm)].map(
      ([, what = '', arithmetic = '', amount]) => ({ what, arithmetic, amount: Number(amount) }),
    );
    return { title, rows, sum: Number(/\*\*Sum\*\* \| \| \*\*([\d.]+)\*\*/.exec(body)?.[1]) };
  });
}

/** `3 × 0.5 + 1`: products and their sum. */
function productOf(arithmetic: string): number {
  return arithmetic
    .split(' + ')
    .map((product) => product.split(' × ').reduce((value, factor) => value * Number(factor), 1))
    .reduce((sum, product) => sum + product, 0);
}

const root = installationRoot();
const tables = costTables(readFileSync(join(root, 'docs/aws.md'), 'utf8'));

describe('the costs in docs/aws.md', () => {
  it('are three sizes, each with its arithmetic and its sum', () => {
    expect(tables).toHaveLength(3);
    for (const { title, rows, sum } of tables) {
      expect(rows.length, title).toBeGreaterThan(5);
      for (const { what, arithmetic, amount } of rows)
        expect(amount, `${title}: ${what}`).toBeCloseTo(productOf(arithmetic), 1);
      expect(sum, title).toBeCloseTo(
        rows.reduce((all, { amount }) => all + amount, 0),
        1,
      );
    }
  });

  it.each(['staging', 'production'])('count the machines and gigabytes of %s', async (name) => {
    const { cluster } = await loadEnvironment(name, join(root, 'environments'));
    const table = tables.find(({ title }) => title.includes(`environments/${name}.yaml`));
    const nodes = allNodes(cluster);
    const machines = [...new Set(nodes.map(({ machine }) => machine))].sort();
    for (const machine of machines) {
      const row = table?.rows.find(({ what }) => what === machine);
      expect(row?.arithmetic.split(' × ')[0], machine).toBe(
        `${nodes.filter((node) => node.machine === machine).length}`,
      );
    }
    const gigabytes = nodes.flatMap(({ volumes }) => volumes).reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);
    expect(table?.rows.find(({ what }) => what === 'data volumes')?.arithmetic.split(' × ')[0]).toBe(`${gigabytes}`);
    expect(table?.rows.find(({ what }) => what.startsWith('root volumes'))?.arithmetic.split(' × ')[0]).toBe(
      `${nodes.length}`,
    );
  });

  it.each(['staging', 'production'])(
    'count the alarms, metrics and nodes of %s as its stacks have them',
    async (name) => {
      const { cluster } = await loadEnvironment(name, join(root, 'environments'));
      const table = tables.find(({ title }) => title.includes(`environments/${name}.yaml`));
      const of = (what: string) => table?.rows.find((row) => row.what.startsWith(what))?.arithmetic;
      const nodes = allNodes(cluster);
      const alarms = resourcesOf(Object.values(synthesized(cluster))).filter(
        ({ type }) => type === 'aws_cloudwatch_metric_alarm',
      );
      // Each volume and each node's memory, and those that the applier measures.
      const measured =
        nodes.reduce((sum, { volumes }) => sum + 2 + volumes.length, 0) + Object.keys(clusterMetrics).length;
      expect(of('alarms')).toBe(`${alarms.length} × 0.1 + ${measured} × 0.3`);
      expect(of('calls that put metrics')).toBe(`${nodes.length} × 43.8 × 0.01`);
      expect(of('logs')).toBe(`${nodes.length} × 0.57 + ${nodes.length} × 0.03`);
    },
  );

  it('would be caught with a wrong product or a wrong sum', () => {
    const wrong =
      '**x**\n\n| What | Arithmetic | USD |\n|---|---|---|\n| a | 2 × 3 | 7.00 |\n| **Sum** | | **7.00** |\n';
    const [table] = costTables(wrong);
    expect(table?.rows[0]?.amount).not.toBeCloseTo(productOf(table?.rows[0]?.arithmetic ?? ''), 1);
  });
});
