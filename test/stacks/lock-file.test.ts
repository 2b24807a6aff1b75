/** Which provider Terraform uses is the project's choice: a lock file of the project lies beside every stack, byte for byte. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { stackName, stackParts } from '../../contracts/aws-names.ts';
import { lockFile, synthesize } from '../../stacks/synthesize.ts';
import { clusterOf, inAws } from '../cluster/environment-fixture.ts';
import { testSoftware } from './synthesized.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const locksOf = (lock: string | undefined) => {
  const cluster = clusterOf(inAws());
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-lock-'));
  folders.push(folder);
  synthesize([cluster], testSoftware, folder, lock);
  return stackParts.map((part) => {
    const path = join(folder, 'stacks', stackName(cluster.environment, part), lockFile);
    return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  });
};

it('a lock file of the project lies beside every stack, and none does where the project has none', () => {
  const lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version = "6.25.0"\n}\n';
  expect(locksOf(lock)).toEqual([lock, lock, lock]);
  expect(locksOf(undefined)).toEqual([undefined, undefined, undefined]);
});
