/**
 * An AWS of this machine's own, as a process: moto behind the shim. `serve.ts FOLDER STATE ACCOUNT`: a folder of its own, and the environment's, whose machines' network
 * functions stand in. Says `ready http://127.0.0.1:PORT`, and ends with a signal; whoever ends it ends its control group, and with that moto.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseWorld } from '../hosts/host-spec.ts';
import { hostsLayout } from '../hosts/layout.ts';
import { seated } from '../hosts/seat.ts';
import { debianImage } from './debian-image.ts';
import { functionCalls } from './functions.ts';
import { answersForMoto } from './moto-lacks.ts';
import { startMoto } from './moto-server.ts';
import { startShim } from './shim.ts';

const [, , folder = '', stateDirectory = '', account = ''] = process.argv;
const layout = hostsLayout(stateDirectory);
mkdirSync(folder, { recursive: true });
const images = join(folder, 'images.json');
writeFileSync(images, JSON.stringify([debianImage]));
const moto = await startMoto({
  MOTO_AMIS_PATH: images,
  MOTO_IAM_LOAD_MANAGED_POLICIES: 'true',
  MOTO_ACCOUNT_ID: account,
});

/** By path, and signed for S3 by nobody: moto reads of a signature no more than which service is meant. */
async function object(bucket: string, key: string): Promise<Buffer> {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/s3/aws4_request, SignedHeaders=, Signature=';
  const answer = await fetch(`${moto.endpoint}/${bucket}/${key}`, { headers: { authorization } });
  if (!answer.ok) throw new Error(`${bucket}/${key}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** Inside the machines' network, where AWS's own names lead to this AWS again. */
async function seat() {
  const { cloud, hosts } = parseWorld(readFileSync(layout.worldFile, 'utf8'));
  const authority = join(folder, 'authority.pem');
  writeFileSync(authority, cloud.authorityPem);
  const variables = {
    AWS_REGION: hosts[0]?.region,
    AWS_ACCESS_KEY_ID: 'testing',
    AWS_SECRET_ACCESS_KEY: 'testing',
    NODE_EXTRA_CA_CERTS: authority,
  };
  return { command: await seated(layout, []), variables };
}

const functions = functionCalls({ folder: join(folder, 'functions'), object, seat });
const lacks = answersForMoto();
const shim = await startShim(moto.endpoint, async (asked) => (await functions(asked)) ?? (await lacks(asked)));
process.stdout.write(`ready ${shim.endpoint}\n`);
