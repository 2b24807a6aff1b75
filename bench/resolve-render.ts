/** The model's own speed: an environment of n workers resolved and every file of every node rendered, against writing out the same result as JSON. */
import { join } from 'node:path';
import { namedAddressing } from '../cluster/addressing.ts';
import type { EnvironmentSpec } from '../cluster/environment.ts';
import { loadEnvironment } from '../cluster/load.ts';
import { type RenderedService, renderNode } from '../cluster/render.ts';
import { resolveCluster } from '../cluster/resolve.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, Samples } from './figure.ts';

const rounds = 9;
const sizes = [1_000, 2_000, 5_000, 10_000] as const;

export const resolveRender: Figure = {
  name: 'resolve-render',
  async measure(progress) {
    const { spec } = await loadEnvironment('production', join(installationRoot(), 'environments'));
    const samples = new Samples('ms');
    const perNode = new Samples('µs');
    const floors = new Samples('ms');
    const cold = new Samples('ms');
    let files = 0;
    // The first round, before the compiler has warmed, stands on its own.
    for (let round = 0; round <= rounds; round += 1) {
      for (const workers of sizes) {
        const { tookMs, rendered } = timed(() => renderAll({ ...spec, workers: { ...spec.workers, count: workers } }));
        const floor = timed(() => JSON.stringify(rendered));
        if (round === 0 && workers === 1_000) cold.add('resolve + render, 1000 workers, first in the process', tookMs);
        if (round === 0) continue;
        samples.add(nameOf(workers), tookMs);
        perNode.add(`${workers} workers, a node`, (tookMs * 1_000) / rendered.length);
        floors.add(`JSON.stringify of the same, ${workers} workers`, floor.tookMs);
        files = rendered.reduce((sum, service) => sum + service.files.length, 0);
      }
    }
    progress(`${files} files at the largest`);
    const last = `${sizes.at(-1)} workers, a node`;
    return {
      figure: 'resolve-render',
      about:
        'environments/production.yaml with more workers: resolved, and every file of every node rendered, in one process.',
      samples: [
        { ...samples.get(nameOf(1_000)), target: { atMost: 200 } },
        ...cold.all(),
        ...samples.all().slice(1),
        ...perNode.all(),
        ...floors.all(),
      ],
      comparisons: [
        compare(
          'a node among 10000 / a node among 1000 (1 is linear)',
          perNode.get(last),
          perNode.get('1000 workers, a node'),
        ),
        ...sizes.map((workers) =>
          compare(
            `${workers} workers / JSON.stringify of the same`,
            samples.get(nameOf(workers)),
            floors.get(`JSON.stringify of the same, ${workers} workers`),
          ),
        ),
      ],
      notes: [
        'The floor is what any program pays to write the result down once: JSON.stringify of the same files and processes.',
      ],
    };
  },
};

function nameOf(workers: number): string {
  return `resolve + render, ${workers} workers`;
}

function renderAll(spec: EnvironmentSpec): readonly RenderedService[] {
  const cluster = resolveCluster(spec);
  const addressing = namedAddressing(cluster);
  return cluster.groups.flatMap((group) => group.nodes.flatMap((node) => renderNode(cluster, group, node, addressing)));
}

function timed<T>(work: () => T): { readonly tookMs: number; readonly rendered: T } {
  const before = performance.now();
  const rendered = work();
  return { tookMs: performance.now() - before, rendered };
}
