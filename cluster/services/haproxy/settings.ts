/** HAProxy's listeners and what a person sets of it. */
import { z } from 'zod';
import type { Listener } from '../../model.ts';

export const listeners: readonly Listener[] = [
  { name: 'api', port: 443, transport: 'tls', authentication: 'none', from: ['clients', 'api', 'push', 'operators'] },
  // Passed through to the authentication service, which reads the client's certificate itself; the port is the client library's.
  {
    name: 'auth',
    port: 8443,
    transport: 'tls',
    authentication: 'mutual-tls',
    from: ['clients', 'operators'],
    passesThrough: true,
  },
  { name: 'stats', port: 8404, transport: 'plaintext', authentication: 'none', from: ['operators'] },
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
}

export function derive({ names }: { names: readonly string[] }): HaproxySettings {
  return { names };
}
