/**
 * Where Ensemble is installed: the folder whose package.json is named "ensemble". Files that ship with it (artifacts/pom.xml, environments/,
 * programs/) are found from there and never from import.meta, since the installed command runs as a bundle in .build/, which moves
 * import.meta (docs/decisions/0011).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { installationNotFound } from './errors.ts';

let found: string | undefined;

/** The absolute path of the installation, without a slash at its end. Throws PLATFORM_INSTALLATION_NOT_FOUND. */
export function installationRoot(): string {
  found ??= findInstallationRoot(import.meta.dirname);
  return found;
}

/** The nearest folder, from `start` upwards, that holds Ensemble's package.json. Throws PLATFORM_INSTALLATION_NOT_FOUND. @internal */
export function findInstallationRoot(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (packageName(folder) === 'ensemble') return folder;
    if (folder === dirname(folder)) throw installationNotFound(start);
  }
}

function packageName(folder: string): unknown {
  try {
    const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' && manifest !== null && 'name' in manifest ? manifest.name : undefined;
  } catch {
    return undefined; // none here, or one that npm itself would refuse: look further up
  }
}
