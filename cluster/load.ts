/** Reads an environment file: the model's only contact with the disk. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { parseDocument } from '../documents/parse.ts';
import { type EnvironmentSpec, environmentSchema } from './environment.ts';
import { checkEnvironment } from './environment-checks.ts';
import { environmentInvalid, environmentNotFound } from './errors.ts';
import type { Cluster } from './model.ts';
import { resolveCluster } from './resolve.ts';

export interface Environment {
  /** Absolute path of the file. */
  readonly file: string;
  readonly spec: EnvironmentSpec;
  readonly cluster: Cluster;
  /** Absolute path of the topics manifest. */
  readonly manifestFile: string;
}

/**
 * @param missing services that the machine at hand cannot run; none for a deployment elsewhere.
 * @param nameOrFile a path, or the name of a file in `directory` without its ending: `production`.
 * @throws EnsembleError ENVIRONMENT_NOT_FOUND; DocumentError ENVIRONMENT_INVALID with every fault in the file
 */
export async function loadEnvironment(
  nameOrFile: string,
  directory: string,
  missing: (spec: EnvironmentSpec) => Promise<readonly string[]> = async () => [],
): Promise<Environment> {
  const isName = /^[\w-]+$/.test(nameOrFile);
  const file = isName ? join(directory, `${nameOrFile}.yaml`) : resolve(nameOrFile);
  const text = await readFile(file, 'utf8').catch(async (cause: unknown) => {
    throw environmentNotFound(nameOrFile, file, await shippedEnvironments(directory), cause);
  });
  const spec = parseEnvironment({ file: isName ? file : nameOrFile, text });
  return {
    file,
    spec,
    cluster: resolveCluster(spec, await missing(spec)),
    manifestFile: resolve(dirname(file), spec.topics),
  };
}

/** @throws DocumentError ENVIRONMENT_INVALID. @internal */
export function parseEnvironment(source: { readonly file: string; readonly text: string }): EnvironmentSpec {
  const parsed = parseDocument(source, environmentSchema);
  checkEnvironment(parsed);
  return parsed.require(environmentInvalid);
}

async function shippedEnvironments(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory).catch(() => []);
  return files.filter((file) => file.endsWith('.yaml')).map((file) => basename(file, '.yaml'));
}
