/** What may be done to a service on a node in order to see what the platform makes of it, and how it is undone. Drivers and the chaos runner share it. */
import { z } from 'zod';

/**
 * `term`: asked to leave, and kept away. `kill`: ended at once, its disk intact. `pause`: stopped as by SIGSTOP, its connections open. `isolate`: cut off
 * from every other node. `slow-link`: each packet late. `full-disk`: no room for data. `machine-kill`: what was not on the disk yet is gone too.
 */
export const faultKinds = ['term', 'kill', 'pause', 'isolate', 'slow-link', 'full-disk', 'machine-kill'] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly node: string;
  readonly service: string;
}

/** What heals a fault: JSON of the driver's own making, which it reads strictly. Written down before the fault. */
export const undoSchema = z.json();
export type Undo = z.output<typeof undoSchema>;

export interface PlannedFault {
  readonly fault: Fault;
  /** What will be done, for a person to read: "SIGKILL to kafka on worker-2 (pid 4711)". */
  readonly says: string;
  readonly undo: Undo;
}
