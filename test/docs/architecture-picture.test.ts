/** docs/architecture.svg shows the rooms and arrows that the code has, and the ways by which it is made are tried on small graphs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installationRoot } from '../../platform/installation-root.ts';
import { drawPicture } from '../../scripts/generate-picture/draw.ts';
import { foldToRooms, type RoomGraph, readRoomGraph } from '../../scripts/generate-picture/room-graph.ts';

/** What a picture says: every room and every arrow by name. */
function namesIn(svg: string): { rooms: readonly string[]; arrows: readonly string[] } {
  const all = (attribute: string) =>
    [...svg.matchAll(new RegExp(`data-${attribute}="([^"]+)"`, 'g'))].map(([, name]) => name ?? '').sort();
  return { rooms: all('room'), arrows: all('arrow') };
}

function namesOf({ rooms, arrows }: RoomGraph) {
  return { rooms: [...rooms].sort(), arrows: arrows.map(({ from, to }) => `${from} ${to}`).sort() };
}

const local = (source: string, ...imports: readonly (readonly [path: string, ...types: string[]])[]) => ({
  source,
  dependencies: imports.map(([resolved, ...types]) => ({ resolved, dependencyTypes: ['local', ...types] })),
});

describe('docs/architecture.svg', () => {
  it('shows the rooms and arrows of the code; if not, run `node --import tsx scripts/generate-picture.ts`', async () => {
    const root = installationRoot();
    const picture = readFileSync(join(root, 'docs/architecture.svg'), 'utf8');
    const graph = await readRoomGraph(root);
    expect(namesIn(picture)).toEqual(namesOf(graph));
    expect(picture).toBe(drawPicture(graph));
  });

  it('would be caught with a room or an arrow too few or too many', () => {
    const graph = foldToRooms({ modules: [local('drivers/a.ts', ['cluster/b.ts']), local('cluster/b.ts')] });
    const picture = drawPicture(graph);
    expect(namesIn(picture)).toEqual(namesOf(graph));
    const bare = foldToRooms({ modules: [local('drivers/a.ts'), local('cluster/b.ts')] });
    expect(namesIn(picture)).not.toEqual(namesOf(bare));
    const alone = foldToRooms({ modules: [local('drivers/a.ts')] });
    expect(namesIn(drawPicture(bare))).not.toEqual(namesOf(alone));
  });

  it('names the file to change when a room has no place', () => {
    expect(() => drawPicture(foldToRooms({ modules: [local('moon/a.ts')] }))).toThrow(
      /moon\/ has no place.*layout\.ts/,
    );
  });
});

describe('folding modules to rooms', () => {
  it('leaves out tests, benchmarks, development commands, packages, node’s own modules, missing modules and files at the root', () => {
    const graph = foldToRooms({
      modules: [
        local('test/drivers/a.test.ts', ['drivers/a.ts']),
        local('bench/run.ts', ['drivers/a.ts']),
        local('scripts/test.ts', ['topics/a.ts']),
        local('scripts/generate-picture/draw.ts', ['topics/a.ts']),
        local('vitest.config.ts', ['drivers/a.ts']),
        local('node_modules/yaml/index.js'),
        { source: 'fs/promises', coreModule: true, dependencies: [] },
        { source: './not-there.ts', couldNotResolve: true, dependencies: [] },
        local('drivers/a.ts'),
      ],
    });
    expect(namesOf(graph)).toEqual({ rooms: ['drivers'], arrows: [] });
  });

  it('says of an arrow that it carries types alone only where every import of it does', () => {
    const modules = [local('scripts/a.ts', ['drivers/a.ts', 'type-only']), local('drivers/a.ts')];
    const arrow = { from: 'scripts', to: 'drivers' };
    expect(foldToRooms({ modules }).arrows).toEqual([{ ...arrow, typesOnly: true }]);
    const mixed = [...modules, local('scripts/b.ts', ['drivers/a.ts'])];
    expect(foldToRooms({ modules: mixed }).arrows).toEqual([{ ...arrow, typesOnly: false }]);
    expect(foldToRooms({ modules: [...mixed].reverse() }).arrows).toEqual([{ ...arrow, typesOnly: false }]);
  });
});
