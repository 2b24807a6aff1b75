/** The push servers' settings: whose certificates their endpoints show, and what follows from the machine. */
import { z } from 'zod';
import type { Listener } from '../../model.ts';
import { nodeHeapMiB, type ProgramChoice, programSpec } from '../program-choice.ts';
import type { Sizing } from '../service.ts';

export const listeners: readonly Listener[] = [
  { name: 'grpc', port: 9000, transport: 'tls', authentication: 'mutual-tls', from: ['api', 'balancer'] },
  { name: 'metrics', port: 9001, transport: 'plaintext', authentication: 'none', from: ['operators'] },
];

export const spec = {
  program: programSpec,
  endpointAuthorities: z
    .string()
    .regex(/^\s*(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)*$/, {
      error: 'certificates in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----, and no key',
    })
    .default('')
    .describe(
      'PEM certificates of private authorities that push endpoints’ certificates may come from, beside the public ones',
    ),
};

export interface PushServerSettings {
  readonly program: ProgramChoice;
  /** PEM; empty: public authorities alone. */
  readonly endpointAuthorities: string;
  readonly heapMiB: number;
}

export function derive(
  { program, endpointAuthorities }: Omit<PushServerSettings, 'heapMiB'>,
  _changes: unknown,
  { memoryMiB }: Sizing,
): PushServerSettings {
  return { program, endpointAuthorities, heapMiB: nodeHeapMiB(memoryMiB) };
}
