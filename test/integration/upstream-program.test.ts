/**
 * `program: upstream` in an environment. Upstream's binary is not to be had here, so that a script stands in for it: it is called as upstream's is, with
 * the same file, and answers as upstream's does where readiness is asked. What is tried is ours: fetching, checking, starting with the same renderer.
 */
import { createHash } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { parseDocument } from 'yaml';
import type { StatusReport } from '../../operations/status.ts';
import { requires } from '../requirements.ts';
import { type LocalPlatform, localPlatform } from './platform-fixture.ts';

const { describe, it } = requires('java', 'maven');

/** Serves 200 to everything over TLS, from upstream's keys of config.json; writes down how it was called. */
const script = `#!/usr/bin/env node
const { readFileSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:https');
const folder = process.argv[process.argv.indexOf('--config-dir') + 1];
const config = JSON.parse(readFileSync(folder + '/config.json', 'utf8'));
writeFileSync(folder + '/called-with.json', JSON.stringify(process.argv.slice(2)));
createServer({ cert: readFileSync(config.certificate), key: readFileSync(config.certificate_key) }, (request, response) => {
  response.end('{"status":"ok"}');
}).listen(config.port, config.bind_ip);
`;

describe('an environment whose messaging API is upstream’s', () => {
  let platform: LocalPlatform;

  beforeAll(async () => {
    platform = await localPlatform(57);
    const binary = join(platform.folder, 'argo-messaging');
    await writeFile(binary, script);
    await chmod(binary, 0o755);
    await choose(createHash('sha256').update(script).digest('hex'));
  });
  afterAll(async () => await platform.dispose());

  async function choose(sha256: string): Promise<void> {
    await platform.change((text) => {
      const document = parseDocument(text);
      for (const field of ['push', 'balancer']) document.delete(field);
      document.setIn(['api', 'count'], 1);
      document.setIn(['masters', 'count'], 1);
      document.setIn(['workers', 'count'], 2);
      document.set('spread', 1);
      document.setIn(['api', 'program'], { upstream: { from: './argo-messaging', sha256 } });
      return String(document);
    });
  }

  it('runs the binary from where the environment says, with the same file, and Kafka makes its topics', async () => {
    const { status, stderr } = await platform.run(['up', '--no-messages']);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const report = await platform.json<StatusReport>(['status']);
    expect(report.services.find(({ service }) => service === 'messaging-api')).toMatchObject({ state: 'running' });
    const node = (path: string) => readFile(join(platform.stateRoot, 'local', 'nodes', path), 'utf8');
    const folder = join(platform.stateRoot, 'local', 'nodes', 'api-1', 'messaging-api', 'conf');
    expect(JSON.parse(await node('api-1/messaging-api/conf/called-with.json'))).toEqual(['--config-dir', folder]);
    const broker = await node('worker-1/kafka/conf/server.properties');
    expect(broker).toContain('\nauto.create.topics.enable=true\n');
    expect(broker).toContain('\nnum.partitions=1\n');
  });

  it('runs nothing that is not what the environment names', async () => {
    await platform.run(['down']);
    await choose('0'.repeat(64));
    const { status, stderr } = await platform.run(['up', '--no-messages']);
    expect(status).toBe(1);
    expect(stderr).toContain('ARTIFACTS_UPSTREAM_WRONG_BYTES');
    const report = await platform.json<StatusReport>(['status']);
    expect(report.services.filter(({ pid }) => pid !== undefined)).toEqual([]);
  });
});
