#!/usr/bin/env node
// The installed command: brings the bundle of scripts/ensemble.ts up to date and runs it.
// Plain JavaScript with node's own modules only, because everything here is paid at every start (docs/decisions/0011).
import { pathToFileURL } from 'node:url';
import { currentBundle } from './bundle.js';

const bundle = await currentBundle();
if (bundle === undefined) {
  // The checkout cannot be written to (a read-only mount, another user's): compile as the sources load, which is slower but the same.
  const { register } = await import('tsx/esm/api');
  register();
  await import('../scripts/ensemble.ts');
} else {
  // Stacks then name the .ts file and line. Node reads a chunk's map when it loads the chunk, and lazy chunks keep that small.
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(bundle).href);
}
