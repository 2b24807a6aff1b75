/** The cluster and manifest that a topics command is for, from its options. */
import { openTopicsTarget, type TopicsTarget } from '../../../operations/topics-target.ts';
import type { Invocation } from '../invocation.ts';

export async function targetOf({ options, deployment }: Invocation): Promise<TopicsTarget> {
  const { bootstrap, commandConfig, manifest, environmentGiven } = options;
  return await openTopicsTarget({ ...deployment, bootstrap, commandConfig, manifest, environmentGiven });
}
