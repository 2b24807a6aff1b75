/** New certificates of brokers that go on running. */
import type { Addressing } from '../cluster/addressing.ts';
import type { Cluster } from '../cluster/model.ts';
import type { ServiceRef } from '../drivers/driver.ts';
import { keystoreRefused } from './errors.ts';
import type { BrokerControl } from './wholeness.ts';

/** Kafka reads its key store anew when its place is set, also to the same one (Kafka documentation, "Updating SSL Keystore of an Existing Listener"). */
const keystoreSetting = 'listener.name.tls.ssl.keystore.location';

/** Set, and taken back at once: a setting that stayed would outlive this folder's name. @throws EnsembleError OPERATIONS_KEYSTORE_REFUSED */
export async function reloadKeystores(
  refs: readonly ServiceRef[],
  { cluster, addressing }: { readonly cluster: Cluster; readonly addressing: Addressing },
  brokers: Pick<BrokerControl, 'alter'>,
): Promise<void> {
  const nodes = cluster.groups.flatMap((group) => group.nodes);
  for (const { node: id, service } of refs) {
    const node = nodes.find((each) => each.id === id);
    if (node === undefined) continue;
    const value = `${addressing.path(node, service, { kind: 'configuration' })}/tls/keystore.pem`;
    for (const change of [
      { name: keystoreSetting, operation: 'set', value },
      { name: keystoreSetting, operation: 'delete', value: undefined },
    ] as const) {
      const why = await brokers.alter(node.ordinal, [change], { trying: false });
      if (why !== undefined) throw keystoreRefused(id, why);
    }
  }
}
