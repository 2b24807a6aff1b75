/**
 * What this machine cannot run of an environment, and what that means. A metadata store that began as a stand-in stays one until its data is purged: an
 * empty MongoDB in its place would have lost every project.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { findProgram } from '../artifacts/find-program.ts';
import type { EnvironmentSpec } from '../cluster/environment.ts';
import type { Cluster } from '../cluster/model.ts';
import { writeWhole } from '../drivers/processes/record.ts';

const recordShape = z.object({ metadata: z.enum(['mongodb', 'mongodb-stand-in']) });

function recordFile(stateDirectory: string): string {
  return join(stateDirectory, 'machine.json');
}

/** Services of the model that cannot run here. */
export async function missingServices(spec: EnvironmentSpec, stateDirectory: string): Promise<readonly string[]> {
  const missing: string[] = [];
  if (spec.metadata !== undefined && (await metadataService(stateDirectory)) !== 'mongodb') missing.push('mongodb');
  if (spec.balancer !== undefined && (await findProgram('haproxy')).kind === 'absent') missing.push('haproxy');
  return missing;
}

async function metadataService(stateDirectory: string): Promise<z.output<typeof recordShape>['metadata']> {
  const text = await readFile(recordFile(stateDirectory), 'utf8').catch(() => undefined);
  const remembered = text === undefined ? undefined : parseRecord(text);
  if (remembered !== undefined) return remembered.metadata;
  return (await findProgram('mongod')).kind === 'absent' ? 'mongodb-stand-in' : 'mongodb';
}

/** Undefined for one that a crash of the machine left unreadable: the same machine decides the same again. */
function parseRecord(text: string): z.output<typeof recordShape> | undefined {
  try {
    return recordShape.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** From now on every command takes the same program for the metadata store. */
export async function rememberMachine({ groups, standIns }: Cluster, stateDirectory: string): Promise<void> {
  const runs = (service: string) => groups.some(({ services }) => services.includes(service));
  const metadata = standIns.mongodb ?? (runs('mongodb') ? 'mongodb' : undefined);
  if (metadata === undefined) return;
  const text = `${JSON.stringify({ metadata })}\n`;
  const file = recordFile(stateDirectory);
  if ((await readFile(file, 'utf8').catch(() => undefined)) !== text) await writeWhole(file, text, 0o644);
}

/** What a person should know of a deployment here, a sentence each; shown wherever its state is. */
export function machineNotes({ standIns, lacking, groups }: Cluster): readonly string[] {
  const store = groups.find(({ services }) => services.includes('mongodb-stand-in'))?.nodes[0]?.id;
  return [
    ...(standIns.mongodb === undefined
      ? []
      : [
          `the metadata store on ${store} is a stand-in, not a replica set: one server, no users, no TLS; a MongoDB (mongod) on this machine would run in its place after \`ensemble down --purge\``,
        ]),
    ...(lacking.includes('haproxy')
      ? ['no HAProxy on this machine, so that nothing balances the API: `apt-get install haproxy`, then `ensemble up`']
      : []),
  ];
}
