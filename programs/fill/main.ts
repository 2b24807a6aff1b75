/**
 * `fill --config FILE`: puts into a node's files what only the node knows. The node's script runs it as root, before any service starts. Prints a line for
 * what it waits for and for each file that it wrote, never a value, and ends with status 0 once every file is whole.
 */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { fillConfigShape } from '../../contracts/fill-config.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { configArgument, readConfig, tellAndExit } from '../config-file.ts';
import { fillFiles } from './fill.ts';
import { secretSource } from './secret-source.ts';

/** Secrets are made by a person's command; who waits for one costs a call each time. */
const pauseMs = 5_000;

try {
  const config = readConfig(configArgument(), fillConfigShape);
  const list = parseNodeList(readFileSync(config.list, 'utf8'));
  const source = await secretSource(config.secrets, list);
  try {
    const tell = (line: string) => void process.stdout.write(`fill: ${line}\n`);
    const written = await fillFiles(list, config, { source, tell, pause: () => setTimeout(pauseMs) });
    for (const path of written) tell(`wrote ${path}`);
  } finally {
    source.close();
  }
} catch (error) {
  tellAndExit(error);
}
