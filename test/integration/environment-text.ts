/** The shipped environments as texts, for tests that change them as a person would. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installationRoot } from '../../platform/installation-root.ts';

export function environmentText(name: string): string {
  return readFileSync(join(installationRoot(), 'environments', `${name}.yaml`), 'utf8');
}
