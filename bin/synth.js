#!/usr/bin/env node
// What cdktf runs for its stacks (cdktf.json): stacks/main.ts from the same bundle as the command, in half of the processor time that compiling as the
// sources load takes.
import { runBundled } from './bundle.js';

await runBundled('synth');
