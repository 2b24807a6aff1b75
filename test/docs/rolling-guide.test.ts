/** docs/rolling.md: its plan is what its change gives, and its table of Kafka's settings is Kafka's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { updateModes } from '../../cluster/services/kafka/settings.ts';
import { planRows } from '../../operations/roll/plan.ts';
import { previewRoll } from '../../operations/roll.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { formatTable } from '../../topics/table.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';
import { RolledPlatform } from '../operations/rolled-platform.ts';

const guide = readFileSync(join(installationRoot(), 'docs', 'rolling.md'), 'utf8');
const block = (language: string) =>
  new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(guide)?.[1] ?? `no ${language}`;

describe('the guide to rolling', () => {
  it('shows the plan that its change gives', async () => {
    const platform = new RolledPlatform(clusterOf(smallEnvironment));
    platform.cluster = clusterOf(`${smallEnvironment}${block('yaml')}`);
    const { plan } = await previewRoll(platform.target(), { only: [], restart: false });
    const [head = [], ...rows] = planRows(plan.steps);
    expect(`${formatTable(head, rows)}\n`).toBe(block('text'));
  });

  it('says of each setting what Kafka says', () => {
    const rows = [...guide.matchAll(/^\| `([a-z.]+)` \| (while it runs|after a restart) \|$/gm)];
    expect(rows.length).toBe(8);
    for (const [, name = '', when] of rows)
      expect([name, updateModes.get(name)?.mode === 'read-only' ? 'after a restart' : 'while it runs']).toEqual([
        name,
        when,
      ]);
  });
});
