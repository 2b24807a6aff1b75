/** The push servers' settings: what follows from the machine. */
import type { Listener } from '../../model.ts';
import { nodeHeapMiB, type ProgramChoice, programSpec } from '../program-choice.ts';
import type { Sizing } from '../service.ts';

export const listeners: readonly Listener[] = [
  { name: 'grpc', port: 9000, transport: 'tls', authentication: 'mutual-tls', from: ['api', 'balancer'] },
  { name: 'metrics', port: 9001, transport: 'plaintext', authentication: 'none', from: ['operators'] },
];

export const spec = { program: programSpec };

export interface PushServerSettings {
  readonly program: ProgramChoice;
  readonly heapMiB: number;
}

export function derive(
  { program }: { program: ProgramChoice },
  _changes: unknown,
  { memoryMiB }: Sizing,
): PushServerSettings {
  return { program, heapMiB: nodeHeapMiB(memoryMiB) };
}
