/** HAProxy's listeners, what a person sets of it, and what follows from the machine. */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import type { Sizing } from '../service.ts';

export const listeners: readonly Listener[] = [
  { name: 'api', port: 443, transport: 'tls', authentication: 'none', from: ['clients', 'api', 'push', 'operators'] },
  // Passed through to the authentication service, which reads the client's certificate itself; the port is the client library's.
  {
    name: 'auth',
    port: 8443,
    transport: 'tls',
    authentication: 'mutual-tls',
    from: ['clients', 'operators'],
    passesTo: 'auth',
  },
  // Of use with upstream's push servers alone, of which one may work at a time; nobody listens there else.
  { name: 'push', port: 9443, transport: 'tls', authentication: 'mutual-tls', from: ['api'], passesTo: 'push-server' },
  {
    name: 'stats',
    port: 8404,
    transport: 'plaintext',
    authentication: 'none',
    from: ['operators'],
    readiness: '/ready',
  },
];

export const spec = {
  names: z
    .array(
      z.string().regex(/^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, {
        error: 'a DNS name',
      }),
    )
    .default([])
    .describe('Names under which clients reach it, beside messaging.<environment>.internal; its certificate has them'),
};

export interface HaproxySettings {
  readonly names: readonly string[];
  /** Connections of clients at one time; beyond them, clients wait in the kernel's queue. */
  readonly maxConnections: number;
  /** What the worker takes at most, in MiB: with as many connections as it may have. */
  readonly memoryMiB: number;
}

/** A request with TLS on both sides: two buffers of 16 KiB and two sessions of OpenSSL. An estimate (docs/decisions/0026), not measured yet. */
const connectionKiB = 96;
/** Master and worker without a connection: 13 and 16 MiB resident with HAProxy 2.6, rounded up for what a check takes. */
const idleMiB = 48;
/** Each takes two file descriptors, and many systems give a process 20,000 of them. */
const mostConnections = 9_000;

/** A third of the machine: after a reload, the worker before may still serve as many connections as the new one. */
export function derive(
  { names }: { names: readonly string[] },
  _changes: unknown,
  { memoryMiB }: Sizing,
): HaproxySettings {
  const maxConnections = Math.min(mostConnections, Math.floor(((memoryMiB / 3 - idleMiB) * 1024) / connectionKiB));
  return { names, maxConnections, memoryMiB: idleMiB + Math.ceil((maxConnections * connectionKiB) / 1024) };
}
