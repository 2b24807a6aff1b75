/** Draws docs/architecture.svg from the imports of the code as it stands: `node --import tsx scripts/generate-picture.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { drawPicture } from './generate-picture/draw.ts';
import { readRoomGraph } from './generate-picture/room-graph.ts';

const root = installationRoot();
const file = join(root, 'docs/architecture.svg');
writeFileSync(file, drawPicture(await readRoomGraph(root)));
console.log(file);
