/** The keeper of the replica set as processes, one beside each scripted member (not a real one): exit statuses and what is printed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScriptedSet } from '../programs/replica-set/scripted-set.ts';

const runLimitMs = 60_000;
const password = 'known to the file and to the set alone';

describe('the replica-set program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ensemble-replica-set-'));
  const set = new ScriptedSet();
  let hosts: readonly string[] = [];
  beforeAll(async () => {
    hosts = await set.start(3);
  });
  afterAll(async () => {
    await set.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function run(self: string, change: object = {}): Promise<{ status: number | null; output: string }> {
    const file = join(folder, `${self.replace(':', '-')}.json`);
    const config = {
      set: 'ensemble',
      members: hosts.map((host, at) => ({ host, ordinal: at + 1 })),
      self,
      localAddress: self,
      admin: { name: 'admin', password },
      users: [{ name: 'messaging', password: `${password}, too`, roles: [{ role: 'readWrite', db: 'argo_msg' }] }],
      ...change,
    };
    writeFileSync(file, JSON.stringify(config));
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', 'tsx', 'programs/replica-set/main.ts', '--config', file]);
      const limit = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (output += String(chunk)));
      child.once('error', reject);
      child.once('close', (status) => {
        clearTimeout(limit);
        resolve({ status, output });
      });
    });
  }

  it('makes the set from three processes at once, each of which ends with status 0 and prints no password', async () => {
    const runs = await Promise.all(hosts.map((host) => run(host)));
    for (const { status, output } of runs) {
      expect(status, output).toBe(0);
      expect(output).toContain('not tried on a real member');
      expect(output).not.toContain(password);
    }
    expect(set.done).toEqual(['replSetInitiate', 'createUser admin', 'createUser messaging']);
    expect(set.configuration?.members).toHaveLength(3);
  });

  it('ends with status 1 and one line of error where the set is another', async () => {
    const { status, output } = await run(hosts[0] ?? '', { set: 'another' });
    expect(status).toBe(1);
    expect(output.trim().split('\n').at(-1)).toMatch(
      /^REPLICA_SET_OTHER_SET: 127\.0\.0\.1:\d+ belongs to the replica set ensemble/,
    );
  });
});
