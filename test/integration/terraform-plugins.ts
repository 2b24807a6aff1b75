/**
 * Where this machine keeps Terraform's providers, so that tests load none from a registry: a folder that holds one named registry.terraform.io, as
 * `terraform init -plugin-dir` takes it. Named in TF_PLUGIN_DIR, or in one of the places where such folders are kept.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

const mirror = 'registry.terraform.io';
/** Below these a mirror is looked for: Terraform's own places (its CLI configuration, "Implied Local Mirror Directories"), and where programs are put. */
const places = ['opt', 'srv', join('usr', 'share'), join('usr', 'local', 'share')].map((path) => join('/', path));

/** Undefined where there is none with the AWS provider in it. */
export function findPluginDirectory(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const named = (environment.TF_PLUGIN_DIR ?? '').split(delimiter).filter((path) => path !== '');
  const own = ['plugins', 'plugin-cache', 'providers'].map((folder) => join(homedir(), '.terraform.d', folder));
  return [...named, ...own, ...places.flatMap(withChildren)].find(hasAwsProvider);
}

function withChildren(folder: string): readonly string[] {
  try {
    const children = readdirSync(folder, { withFileTypes: true }).filter((item) => item.isDirectory());
    const paths = children.map(({ name }) => join(folder, name));
    return [folder, ...paths, ...paths.map((path) => join(path, 'plugins'))];
  } catch {
    return [];
  }
}

function hasAwsProvider(folder: string): boolean {
  return existsSync(join(folder, mirror, 'hashicorp', 'aws'));
}
