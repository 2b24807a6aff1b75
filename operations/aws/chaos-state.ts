/** Where runs on a deployed environment keep what they leave: apart from a rehearsal's of the same environment. */
import { join } from 'node:path';

/** @param own the environment's folder */
export function awsStateDirectory(own: string): string {
  return join(own, 'aws');
}
