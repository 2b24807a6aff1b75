/**
 * Runs inside the machines' network: a server that stands in for an environment's metadata store, and the front before it at the members' addresses
 * (store-front.ts). `store.ts CONFIG`; says `ready` once both answer, and ends with a signal, or when the server behind ends.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readCloudConfig, readStoreUsers } from './cloud-config.ts';
import { serveStore } from './store-front.ts';

const [, , file = ''] = process.argv;
const { store } = readCloudConfig(file);
if (store === undefined) throw new Error('no store is to be stood in for');
const { backend, users } = store;
const [program = '', ...args] = backend.command;
const behind = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
behind.on('error', (error) => end(`Error: ${error.message}`));
behind.on('exit', (code) => end(`Error: the server behind the front ended with ${code}`));
process.once('SIGTERM', () => behind.kill());
await new Promise<void>((resolve) => {
  // Its first word is that it listens.
  createInterface({ input: behind.stdout }).once('line', () => resolve());
});
await serveStore({
  set: store.set,
  port: store.port,
  members: store.members.map(({ certificate, key, ...member }) => ({
    ...member,
    certificate: readFileSync(certificate, 'utf8'),
    key: readFileSync(key, 'utf8'),
  })),
  credentialsOf: (user) => readStoreUsers(users)[user],
  backend,
});
process.stdout.write('ready\n');

function end(words: string): void {
  process.stderr.write(`${words}\n`);
  process.exit(1);
}
