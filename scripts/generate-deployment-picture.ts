/** Draws docs/aws.svg from environments/production.yaml as it stands: `node --import tsx scripts/generate-deployment-picture.ts`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEnvironment } from '../cluster/load.ts';
import { installationRoot } from '../platform/installation-root.ts';
import { drawDeployment } from './generate-deployment-picture/draw.ts';

const root = installationRoot();
const { cluster } = await loadEnvironment('production', join(root, 'environments'));
const file = join(root, 'docs/aws.svg');
writeFileSync(file, drawDeployment(cluster));
console.log(file);
