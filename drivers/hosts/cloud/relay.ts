/**
 * Runs beside the machines' network and joins it with one endpoint on this machine: whoever connects to the socket talks to that. The only way out.
 * `relay.ts CONFIG`; says `ready` once it answers, and ends with a signal.
 */
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { readCloudConfig } from './cloud-config.ts';

const [, , file = ''] = process.argv;
const { socket } = readCloudConfig(file);

const relay = createServer((inside) => {
  const { host, port } = readCloudConfig(file).endpoint;
  const outside = connect(port, host);
  inside.pipe(outside).pipe(inside);
  inside.on('error', () => outside.destroy());
  outside.on('error', () => inside.destroy());
});
// Of a run before, that was killed.
rmSync(socket, { force: true });
relay.listen(socket, () => process.stdout.write('ready\n'));
