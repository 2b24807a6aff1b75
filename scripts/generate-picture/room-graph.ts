/**
 * Which room imports which, as the code stands: dependency-cruiser's modules folded to their first folder. What develops and does not run
 * (tests, benchmarks, the test command, generators) is left out, since the picture shows the product.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';

export interface RoomGraph {
  /** Sorted. */
  readonly rooms: readonly string[];
  /** Sorted by both ends. */
  readonly arrows: readonly RoomArrow[];
}

export interface RoomArrow {
  readonly from: string;
  readonly to: string;
  /** No value is imported along it. */
  readonly typesOnly: boolean;
}

const cruiseSchema = z.object({
  modules: z.array(
    z.object({
      source: z.string(),
      /** Node's own, such as fs/promises. */
      coreModule: z.boolean().optional(),
      /** An import that leads nowhere, under the name that it was imported by. */
      couldNotResolve: z.boolean().optional(),
      dependencies: z.array(z.object({ resolved: z.string(), dependencyTypes: z.array(z.string()) })),
    }),
  ),
});

export type Cruise = z.output<typeof cruiseSchema>;

const development = /^(test|bench)\/|^scripts\/(test|generate)|node_modules\//;

/** Runs dependency-cruiser on the checkout at `root`. Throws what it throws when it cannot run. */
export function readRoomGraph(root: string): Promise<RoomGraph> {
  const command = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const options = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', '.'];
  return new Promise((resolve, reject) => {
    // Its exit status is the number of broken rules, which are the business of `npm run arrows`.
    execFile(process.execPath, [command, ...options], { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout) => {
      if (stdout === '') reject(error ?? new Error('dependency-cruiser said nothing'));
      else resolve(foldToRooms(cruiseSchema.parse(JSON.parse(stdout))));
    });
  });
}

/** A file at the root belongs to no room. @internal */
export function foldToRooms({ modules }: Cruise): RoomGraph {
  const rooms = new Set<string>();
  const arrows = new Map<string, RoomArrow>();
  for (const { source, dependencies, coreModule, couldNotResolve } of modules) {
    const from = coreModule === true || couldNotResolve === true ? undefined : roomOf(source);
    if (from === undefined) continue;
    rooms.add(from);
    for (const { resolved, dependencyTypes } of dependencies) {
      const to = roomOf(resolved);
      if (to === undefined || to === from || !dependencyTypes.includes('local')) continue;
      const key = `${from} ${to}`;
      const typesOnly = dependencyTypes.includes('type-only') && (arrows.get(key)?.typesOnly ?? true);
      arrows.set(key, { from, to, typesOnly });
    }
  }
  return {
    rooms: [...rooms].sort(),
    arrows: [...arrows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, arrow]) => arrow),
  };
}

function roomOf(path: string): string | undefined {
  const [room, rest] = path.split('/');
  return rest === undefined || room === undefined || development.test(path) ? undefined : room;
}
