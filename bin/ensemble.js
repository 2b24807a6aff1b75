#!/usr/bin/env node
// The installed command: brings the bundle of scripts/ensemble.ts up to date and runs it.
// Plain JavaScript with node's own modules only, because everything here is paid at every start (docs/decisions/0011).
import { runBundled } from './bundle.js';

await runBundled('ensemble');
