/** Who is asked, and what is let go, where a node is retired: on this machine, and on AWS. */
import { connect } from '../clients/kafka/connection.ts';
import { tags } from '../contracts/aws-names.ts';
import { readClusterHealth } from '../topics/status/health.ts';
import { askBrokers, askQuorum } from './aws/ask-cluster.ts';
import type { OperatedAws } from './aws/operated.ts';
import type { Deployment } from './deployment.ts';
import { observeQuorum } from './health.ts';
import type { RetireTarget } from './retire.ts';

/** Volumes here are folders, which nobody deletes but a person. */
export function localRetireTarget(deployment: Deployment): RetireTarget {
  return {
    ...deployment,
    quorum: () => observeQuorum(deployment),
    async brokers() {
      const asked = await connect({ bootstrap: deployment.bootstrap, clientId: 'ensemble' }).catch(() => undefined);
      try {
        return asked === undefined ? undefined : await readClusterHealth(asked);
      } finally {
        await asked?.close();
      }
    },
    release: async () => [],
  };
}

/** Terraform lets a volume go that has the mark, and refuses to forget one that has not (stacks/aws/node-volumes.ts). */
export function awsRetireTarget(operated: OperatedAws, stateDirectory: string): RetireTarget {
  const { place, instances } = operated;
  return {
    ...operated,
    stateDirectory,
    quorum: () => askQuorum(operated),
    brokers: () => askBrokers(operated),
    async release(node, released) {
      const found = await instances.volumes({ [tags.environment]: place.environment, [tags.node]: node });
      // The system's own volume has no name of ours: it goes with its machine.
      const ids = found.filter((volume) => volume.tags[tags.volume] !== undefined).map(({ id }) => id);
      if (ids.length === 0) return [];
      if (released) await instances.tag(ids, { [tags.released]: 'yes' });
      else await instances.untag(ids, [tags.released]);
      return ids;
    },
  };
}
