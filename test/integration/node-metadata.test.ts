/** What the script makes of a metadata service's answers: the tag of a node without volumes may be absent, or there and empty. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { answerMetadata } from '../../drivers/hosts/cloud/metadata.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';

requires('python').it.each([
  ['absent', {}],
  ['empty', { 'ensemble-volumes': '' }],
])('a machine whose volumes’ tag is %s is a node without volumes', async (_what, more) => {
  const machine = {
    instance: 'i-1',
    zone: 'eu-west-1a',
    region: 'eu-west-1',
    tags: { 'ensemble-node': 'api-1', ...more },
  };
  const service = createServer(({ method = '', url = '', headers }, answer) => {
    const token = headers['x-aws-ec2-metadata-token'];
    const asked = { method, path: url, from: '10.20.0.66', token: typeof token === 'string' ? token : undefined };
    const { status, body } = answerMetadata({ domain: 'amazonaws.com', machines: { '10.20.0.66': machine } }, asked);
    answer.writeHead(status).end(body);
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  try {
    const { port } = service.address() as AddressInfo;
    const script = join(installationRoot(), 'provision', 'script', 'node.py');
    const words = ['tags/instance/ensemble-node', 'placement/region', 'tags/instance/ensemble-volumes'];
    const env = { ...process.env, E_IMDS: `http://127.0.0.1:${port}`, E_WAIT: '5' };
    const { stdout } = await promisify(execFile)('python3', ['-B', script, 'meta', ...words], { env, timeout: 30_000 });
    expect(stdout).toBe('api-1\neu-west-1\n-\n');
  } finally {
    service.close();
  }
});
