/** What differs between what a node's service was started with and what the bucket has now: read from objects that the renderers make, planned over as a roll does. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { describeDifference, remedyOf } from '../../cluster/readings.ts';
import { renderNode } from '../../cluster/render.ts';
import { parseNodeList } from '../../contracts/node-list.ts';
import { differenceSince, parseReadings, type ServiceRead } from '../../drivers/aws/readings.ts';
import { nodeObjects } from '../../provision/node-objects.ts';
import type { NodeSoftware } from '../../provision/software.ts';
import { serviceUnitFile } from '../../provision/unit.ts';
import { balancedEnvironment } from '../cluster/balanced-environment.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';
import { madeUpSoftware } from '../provision/node-software.ts';

function look(text: string, node: string, service: string, software: NodeSoftware = madeUpSoftware) {
  const cluster: Cluster = clusterOf(text);
  const addressing = namedAddressing(cluster);
  for (const group of cluster.groups)
    for (const at of group.nodes)
      if (at.id === node) {
        const objects = nodeObjects(cluster, group, at, addressing, software);
        const rendered = renderNode(cluster, group, at, addressing).find((each) => each.service === service);
        if (rendered === undefined) throw new Error(`no ${service}`);
        return { ...objects, listed: parseNodeList(objects.list.text), rendered };
      }
  throw new Error(`no ${node}`);
}
type Look = ReturnType<typeof look>;

/** As the node says it of itself. */
function readOf({ files, listed, rendered: { service } }: Look): ServiceRead {
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  return {
    digest: listed.services.find((each) => each.service === service)?.digest ?? '',
    files: listed.files
      .filter(({ path }) => path.startsWith(`/etc/ensemble/${service}/`) || path === serviceUnitFile(service))
      .map(({ path, sha256, late }) => ({ path, sha256, late, text: texts.get(path) ?? null })),
  };
}

function since(before: ServiceRead, now: Look) {
  const path = serviceUnitFile(now.rendered.service);
  return differenceSince(before, {
    rendered: now.rendered,
    hashes: new Map(now.listed.files.map((file) => [file.path, file.sha256])),
    unit: { path, text: now.files.find((file) => file.path === path)?.text ?? '' },
  });
}

describe('what a service on a node runs with', () => {
  const before = look(smallEnvironment, 'worker-1', 'kafka');

  it('is no difference where the bucket has the same', () => {
    expect(since(readOf(before), before)).toEqual({ known: true, command: false, files: [] });
  });

  it('differs in the settings that changed, by name', () => {
    const now = look(`${smallEnvironment}kafka: { settings: { queued.max.requests: 400 } }\n`, 'worker-1', 'kafka');
    const difference = since(readOf(before), now);
    expect(difference).toMatchObject({ known: true, command: false });
    expect(describeDifference(difference)).toEqual(['server.properties: queued.max.requests']);
    expect(remedyOf(difference, now.rendered)).toBe('restart');
  });

  it('differs in its command line where an archive of it is another one, and not where one of a job’s is', () => {
    const archives = (name: string) => ({
      ...madeUpSoftware,
      archives: { ...madeUpSoftware.archives, [name]: { sha256: 'f'.repeat(64) } },
    });
    const kafka = since(readOf(before), look(smallEnvironment, 'worker-1', 'kafka', archives('kafka')));
    expect(kafka).toMatchObject({ known: true, command: true });
    const api = (name?: string) =>
      look(balancedEnvironment(), 'api-1', 'messaging-api', name === undefined ? madeUpSoftware : archives(name));
    expect(since(readOf(api()), api('seed'))).toEqual({ known: true, command: false, files: [] });
    expect(since(readOf(api()), api('messaging-api')).command).toBe(true);
  });

  it('has late values as values that stay, so that nothing of a secret is compared', () => {
    const read = readOf(before);
    const late = read.files.filter((file) => file.late);
    expect(late.length).toBeGreaterThan(0);
    const other = {
      ...before,
      listed: { ...before.listed, files: before.listed.files.map((file) => ({ ...file, sha256: '0'.repeat(64) })) },
    };
    expect(since(read, other).files).toEqual([]);
  });

  it('is known to differ where a text was too much for the answer, with nothing said of which settings', () => {
    const now = look(`${smallEnvironment}kafka: { settings: { queued.max.requests: 400 } }\n`, 'worker-1', 'kafka');
    const read = readOf(before);
    const cut = { ...read, files: read.files.map((file) => ({ ...file, text: null })) };
    const difference = since(cut, now);
    expect(difference.files.map(({ path, change, before: was }) => [path, change, was])).toEqual([
      ['/etc/ensemble/kafka/server.properties', 'changed', undefined],
    ]);
  });

  it('is not known where a marker in it is none of ours', () => {
    const read = readOf(before);
    const files = read.files.map((file) =>
      file.late ? { ...file, sha256: '0'.repeat(64), text: '<<ensemble something>>' } : file,
    );
    expect(since({ ...read, files }, before).known).toBe(false);
  });
});

describe('what a node answers', () => {
  const packed = (value: unknown) => `readings ${gzipSync(JSON.stringify(value)).toString('base64')}`;

  it('is read from its one line', () => {
    const said = { kafka: { digest: 'd', files: [{ path: '/a', sha256: 's', late: false, text: 'x' }] } };
    expect([...parseReadings(`noise\n${packed(said)}\n`)]).toEqual(Object.entries(said));
  });

  it.each(['', 'readings !!', packed({ kafka: { digest: 1 } })])('is nothing where it is %j', (output) => {
    expect(parseReadings(output).size).toBe(0);
  });
});
