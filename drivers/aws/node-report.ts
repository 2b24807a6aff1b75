/** What a node says of itself: the answer of `ensemble-node report` (provision/script/report.py), which also lies in the environment's bucket. */
import { z } from 'zod';
import type { RunState } from '../driver.ts';

const reportShape = z.object({
  version: z.literal(1),
  environment: z.string(),
  node: z.string(),
  time: z.string(),
  /** SHA-256 of the list that is installed. */
  list: z.string(),
  /** Why the node could not become what its list says. */
  fault: z.string().nullable(),
  services: z.array(
    z.object({
      service: z.string(),
      /** systemd's ActiveState and SubState. */
      state: z.string(),
      detail: z.string(),
      ready: z.boolean(),
      /** How often systemd has started it again by itself since it was last told to. */
      restarts: z.number(),
      pid: z.number(),
      since: z.string().nullable(),
      /** Digest of what the node has of it, and of what the running one was started with. */
      installed: z.string(),
      running: z.string().nullable(),
    }),
  ),
});

export type NodeReport = z.output<typeof reportShape>;
export type ReportedService = NodeReport['services'][number];

/** The last line that is a report; undefined where there is none. */
export function parseNodeReport(output: string): NodeReport | undefined {
  const lines = output.split('\n').filter((line) => line.startsWith('{'));
  try {
    return reportShape.parse(JSON.parse(lines.at(-1) ?? ''));
  } catch {
    return undefined;
  }
}

/** It ended by itself, and systemd is to start it again in some seconds. */
export function waitsForRestart({ state, detail }: Pick<ReportedService, 'state' | 'detail'>): boolean {
  return state === 'activating' && detail.startsWith('auto-restart');
}

/** In systemd's words: active, reloading, inactive, failed, activating, deactivating. */
export function runStateOf({ state, ready }: Pick<ReportedService, 'state' | 'ready'>): RunState {
  if (ready) return 'running';
  if (state === 'failed') return 'failed';
  return state === 'inactive' ? 'stopped' : 'starting';
}
