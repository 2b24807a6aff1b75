/** What may be done to a service on a node in order to see what the platform makes of it. Drivers and the chaos runner share it. */

/**
 * `term`: asked to leave, and kept away. `kill`: ended at once, its disk intact. `pause`: stopped as by SIGSTOP, its connections open. `isolate`: cut off
 * from every other node. `slow-link`: each packet late. `full-disk`: no room for data. `machine-kill`: what was not on the disk yet is gone too.
 */
export const faultKinds = ['term', 'kill', 'pause', 'isolate', 'slow-link', 'full-disk', 'machine-kill'] as const;
export type FaultKind = (typeof faultKinds)[number];
