/** The authentication service's settings: it runs beside the messaging API, on the same machine. */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import { nodeHeapMiB } from '../program-choice.ts';
import type { Sizing } from '../service.ts';

/** The client's certificate is read from its own TLS session, so that the balancer passes these connections through. */
export const listeners: readonly Listener[] = [
  { name: 'https', port: 8081, transport: 'tls', authentication: 'mutual-tls', from: ['balancer', 'operators'] },
];

export const spec = z.unknown();

export interface AuthSettings {
  readonly heapMiB: number;
}

/** Half of what the messaging API beside it takes: certificates come one a session, messages all the time. */
export function derive(_spec: unknown, _changes: unknown, { memoryMiB }: Sizing): AuthSettings {
  return { heapMiB: Math.max(64, Math.floor(nodeHeapMiB(memoryMiB) / 2)) };
}
