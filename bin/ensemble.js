#!/usr/bin/env node
// The command as npm links it. tsx compiles the sources as they load, so that a checkout runs without a build step.
import 'tsx/esm';

await import('../scripts/ensemble.ts');
