/** One row a system. A new system is a folder beside this file, a row here, and a row in artifacts/. */
import { auth } from './auth/service.ts';
import { haproxy } from './haproxy/service.ts';
import { kafka } from './kafka/service.ts';
import { messagingApi } from './messaging-api/service.ts';
import { mongodb } from './mongodb/service.ts';
import { mongodbStandIn } from './mongodb/stand-in.ts';
import { pushServer } from './push-server/service.ts';
import type { Service } from './service.ts';
import { zookeeper } from './zookeeper/service.ts';

const services: readonly Service[] = [
  zookeeper,
  mongodb,
  mongodbStandIn,
  kafka,
  messagingApi,
  auth,
  pushServer,
  haproxy,
];

export const serviceTable: ReadonlyMap<string, Service> = new Map(services.map((service) => [service.id, service]));

/**
 * Services in waves: every service comes after those that it must start after.
 * The table is ours, so that a cycle in it is our own defect and throws a plain Error.
 */
export function startOrder(): readonly (readonly Service[])[] {
  const waves: Service[][] = [];
  const placed = new Set<string>();
  while (placed.size < services.length) {
    const wave = services.filter(
      (service) => !placed.has(service.id) && service.startAfter.every((id) => placed.has(id)),
    );
    if (wave.length === 0) throw new Error('services wait for each other in a circle');
    for (const service of wave) placed.add(service.id);
    waves.push(wave);
  }
  return waves;
}
