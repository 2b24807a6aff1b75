/**
 * Runs inside the machines' network and answers for the cloud there: the metadata service, the resolver, and HTTPS under the cloud's own names, which it
 * passes on, through a socket, to an endpoint outside (relay.ts). `gate.ts CONFIG`; says `ready` once it answers, and ends with a signal.
 */
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readCloudConfig } from './cloud-config.ts';
import { answerMetadata } from './metadata.ts';
import { answerQuestion } from './name-answer.ts';

const [, , file = ''] = process.argv;
const config = () => readCloudConfig(file);
const { router, metadata, resolver, socket, tls } = config();

const metadataService = createServer((incoming, outgoing) => {
  const token = incoming.headers['x-aws-ec2-metadata-token'];
  const { status, body } = answerMetadata(config(), {
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    from: incoming.socket.remoteAddress ?? '',
    token: typeof token === 'string' ? token : undefined,
  });
  outgoing.writeHead(status, { 'content-type': 'text/plain' }).end(body);
});

/** Bytes as they come, both ways; the name that was asked for tells the endpoint which service is meant. */
function pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method = 'GET', url: path = '/', headers } = incoming;
  const passed = request({ socketPath: socket, method, path, headers }, (theirs) => {
    outgoing.writeHead(theirs.statusCode ?? 502, theirs.headers);
    theirs.pipe(outgoing);
    theirs.on('error', () => outgoing.destroy());
  });
  passed.on('error', () => {
    if (outgoing.headersSent) outgoing.destroy();
    else outgoing.writeHead(503).end();
  });
  outgoing.on('close', () => passed.destroy());
  incoming.pipe(passed);
}

const material = { cert: readFileSync(tls.certificate), key: readFileSync(tls.key) };
const services = createTlsServer({ ...material, keepAlive: true }, pass);

const names = createSocket('udp4');
names.on('message', (question, { address, port }) => {
  const { names: known, domain } = config();
  const answer = answerQuestion(question, (name) =>
    name === domain || name.endsWith(`.${domain}`) ? [router] : known[name],
  );
  if (answer !== undefined) names.send(answer, port, address);
});

await Promise.all([
  new Promise<void>((resolve) => void metadataService.listen(80, metadata, resolve)),
  new Promise<void>((resolve) => void services.listen(443, router, resolve)),
  new Promise<void>((resolve) => void names.bind(53, resolver, resolve)),
]);
process.stdout.write('ready\n');
