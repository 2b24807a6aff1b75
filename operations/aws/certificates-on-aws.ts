/** Certificates of nodes on AWS: issued into the operator's store, and what listeners show against what that store has. */
import { X509Certificate } from 'node:crypto';
import { serviceTable } from '../../cluster/services/table.ts';
import { shownIn, shownScript } from '../../drivers/aws/shown-certificates.ts';
import type { ServiceRef } from '../../drivers/driver.ts';
import { ensureAwsSecrets, withStore } from './ensure-secrets.ts';
import type { OperatedAws } from './operated.ts';

export interface TlsListener extends ServiceRef {
  readonly listener: string;
  readonly port: number;
  /** Of the certificate that the store has for its node. */
  readonly expected: string;
}

/** What a renewal asks for; `operations/aws/renew-aws.ts` says in which order. */
export interface NodeCertificates {
  /** Gives each node's secret what its files name; `renew`: with new certificates for everybody. */
  issue(options: { readonly renew: boolean }): Promise<readonly { readonly id: string; readonly expiresAt: string }[]>;
  listeners(services: readonly ServiceRef[]): Promise<readonly TlsListener[]>;
  /** Those that show another certificate, or none. */
  unshown(listeners: readonly TlsListener[]): Promise<readonly TlsListener[]>;
}

/** @throws each as ensureAwsSecrets; EnsembleError CLIENT_AWS_... */
export function certificatesOnAws(operated: OperatedAws): NodeCertificates {
  return {
    issue: async (options) => (await ensureAwsSecrets(operated, options)).issued,
    listeners: (services) => tlsListenersOf(operated, services),
    unshown: (listeners) => findUnshown(operated, listeners),
  };
}

const askMs = 60_000;

/** Of these services, those that show a certificate of their own: what a balancer passes through is another node's, which is looked at there. */
async function tlsListenersOf(operated: OperatedAws, services: readonly ServiceRef[]): Promise<readonly TlsListener[]> {
  const { environment, addressing } = operated;
  const nodes = new Map(environment.cluster.groups.flatMap((group) => group.nodes).map((node) => [node.id, node]));
  return await withStore(operated, async (store) => {
    const expected = new Map<string, string>();
    for (const id of new Set(services.map(({ node }) => node))) {
      const pem = await store.read(`tls/${id}.pem`);
      if (pem !== undefined) expected.set(id, new X509Certificate(pem).fingerprint256);
    }
    return services.flatMap(({ node: id, service }) => {
      const node = nodes.get(id);
      const listeners = (serviceTable.get(service)?.listeners ?? []).filter(
        ({ transport, passesTo }) => transport === 'tls' && passesTo === undefined,
      );
      return listeners.flatMap(({ name }) =>
        node === undefined
          ? []
          : [
              {
                node: id,
                service,
                listener: name,
                port: addressing.port(node, service, name),
                expected: expected.get(id) ?? '',
              },
            ],
      );
    });
  });
}

/** Those that show another certificate, or none. */
async function findUnshown(
  { machines }: OperatedAws,
  listeners: readonly TlsListener[],
): Promise<readonly TlsListener[]> {
  if (listeners.length === 0) return [];
  const nodes = [...new Set(listeners.map(({ node }) => node))];
  const ports = [...new Set(listeners.map(({ port }) => port))];
  const outcomes = await machines.runWhereReachable(nodes, shownScript(ports), {
    what: 'certificates shown',
    timeoutMs: askMs,
  });
  const shown = new Map(nodes.map((node) => [node, shownIn(outcomes.get(node)?.output ?? '')]));
  return listeners.filter(({ node, port, expected }) => shown.get(node)?.get(port) !== expected);
}
