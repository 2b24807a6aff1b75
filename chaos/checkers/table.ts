/** Every checker. Each is pure: it sees the run as it was recorded, and nothing else. */
import type { ObservedRun } from '../observed-run.ts';
import { checkConflict } from './conflict.ts';
import { checkDelivery } from './delivery.ts';
import { checkDuplicate } from './duplicate.ts';
import type { Finding } from './finding.ts';
import { checkLost } from './lost.ts';
import { checkOrder } from './order.ts';
import { checkSkip, checkUnseen } from './unseen.ts';

export function checkRun(run: ObservedRun): readonly Finding[] {
  return [checkLost, checkConflict, checkDuplicate, checkOrder, checkSkip, checkUnseen, checkDelivery].map((check) =>
    check(run),
  );
}
