// What an installation runs at its end (package.json): the bundle is there before the first command. Where it cannot be made the command says why itself.
import { currentBundle } from './bundle.js';

await currentBundle().catch((error) => console.error('not built yet:', error.message));
