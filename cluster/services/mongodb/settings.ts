/** MongoDB's settings: what follows from the machine. Nothing of it is a person's to set yet. Source: MongoDB production notes. */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import type { Sizing } from '../service.ts';

const clients = ['metadata', 'api', 'push', 'operators'];

export const listeners: readonly Listener[] = [
  { name: 'server', port: 27_017, transport: 'tls', authentication: 'scram', from: clients },
];

export const standInListeners: readonly Listener[] = [
  { name: 'server', port: 27_017, transport: 'plaintext', authentication: 'none', from: clients },
];

export interface MongodbSettings {
  /** storage.wiredTiger.engineConfig.cacheSizeGB, in MiB here. */
  readonly cacheMiB: number;
}

export const spec = z.unknown();

export const profile = z.never();

/** WiredTiger's own rule: half of what is left of the memory after 1 GiB, 256 MiB at least; written out, since a container's limit misleads it. */
export function derive(_spec: unknown, _changes: unknown, { memoryMiB }: Sizing): MongodbSettings {
  return { cacheMiB: Math.max(256, Math.floor((memoryMiB - 1024) / 2)) };
}
