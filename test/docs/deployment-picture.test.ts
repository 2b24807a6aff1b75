/** docs/aws.svg shows every node of production where the model puts it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadEnvironment } from '../../cluster/load.ts';
import { allNodes } from '../../cluster/resolve.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { drawDeployment } from '../../scripts/generate-deployment-picture/draw.ts';

describe('docs/aws.svg', () => {
  it('shows production as the model has it; if not, run `node --import tsx scripts/generate-deployment-picture.ts`', async () => {
    const root = installationRoot();
    const { cluster } = await loadEnvironment('production', join(root, 'environments'));
    const picture = readFileSync(join(root, 'docs/aws.svg'), 'utf8');
    const drawn = [...picture.matchAll(/data-node="([^"]+)"/g)].map(([, id]) => id);
    expect(drawn.sort()).toEqual(
      allNodes(cluster)
        .map(({ id }) => id)
        .sort(),
    );
    expect(picture).toBe(drawDeployment(cluster));
  });
});
