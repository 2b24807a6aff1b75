/** The room's one reader of scenarios: those that ship with ensemble, or a file that a person names. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { noSuchScenario, scenarioMisnamed } from './errors.ts';
import { parseScenario, type Scenario } from './scenario.ts';

/** In the order of their names. Throws as parseScenario. */
export async function loadScenarios(): Promise<readonly Scenario[]> {
  const folder = shippedFolder();
  const files = (await readdir(folder)).filter((file) => file.endsWith('.yaml')).sort();
  return await Promise.all(files.map((file) => readScenario(join(folder, file))));
}

/** By its name, or a path that ends in .yaml. Throws CHAOS_NO_SUCH_SCENARIO, CHAOS_SCENARIO_MISNAMED, and as parseScenario. */
export async function loadScenario(nameOrPath: string): Promise<Scenario> {
  if (nameOrPath.endsWith('.yaml')) return await readScenario(nameOrPath);
  return named(nameOrPath, await loadScenarios());
}

/** Those that ship, by name; all where none is named. In the order of their names, each once. Throws CHAOS_NO_SUCH_SCENARIO. */
export async function loadShipped(names: readonly string[]): Promise<readonly Scenario[]> {
  const all = await loadScenarios();
  if (names.length === 0) return all;
  const wanted = new Set(names.map((name) => named(name, all)));
  return all.filter((scenario) => wanted.has(scenario));
}

function named(wanted: string, all: readonly Scenario[]): Scenario {
  const found = all.find(({ name }) => name === wanted);
  if (found === undefined)
    throw noSuchScenario(
      wanted,
      all.map(({ name }) => name),
    );
  return found;
}

async function readScenario(file: string): Promise<Scenario> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw noSuchScenario(file, []);
    throw error;
  });
  const scenario = parseScenario({ file, text });
  // Histories and reports say the name, and a person looks for the file by it.
  if (scenario.name !== basename(file, '.yaml')) throw scenarioMisnamed(file, scenario.name);
  return scenario;
}

function shippedFolder(): string {
  return join(installationRoot(), 'chaos', 'scenarios');
}
