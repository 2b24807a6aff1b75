/** The installation is found by its package.json, from the sources and from a bundle alike. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findInstallationRoot, installationRoot } from '../../platform/installation-root.ts';

describe('the installation root', () => {
  let folder: string;
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'ensemble-root-')));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is this checkout', () => {
    expect(installationRoot()).toBe(join(import.meta.dirname, '..', '..'));
  });

  it('is found from a bundle, past packages of other names and unreadable ones', () => {
    const build = join(folder, '.build', '0123');
    mkdirSync(build, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "name": "ensemble" }');
    writeFileSync(join(folder, '.build', 'package.json'), '{ "name": "another" }');
    writeFileSync(join(build, 'package.json'), 'not JSON');
    expect(findInstallationRoot(build)).toBe(folder);
  });

  it('is an error that names where the search began when nothing is found', () => {
    expect(() => findInstallationRoot(folder)).toThrow(
      expect.objectContaining({ code: 'PLATFORM_INSTALLATION_NOT_FOUND', message: expect.stringContaining(folder) }),
    );
  });
});
