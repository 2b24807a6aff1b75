/** What a roll works on: the model, the driver of its target, who answers about the cluster, and what is to be there before the first node is touched. */
import type { Addressing } from '../../cluster/addressing.ts';
import type { Cluster, Group, Node } from '../../cluster/model.ts';
import { type RenderedService, renderNode } from '../../cluster/render.ts';
import type { KafkaSettings } from '../../cluster/services/kafka/settings.ts';
import type { Driver, ServiceRef } from '../../drivers/driver.ts';
import { withFileLock } from '../../platform/file-lock.ts';
import { ensureCertificates, ensureSecrets } from '../certificates.ts';
import type { Deployment } from '../deployment.ts';
import { localBrokerControl, localWholeness } from '../local-wholeness.ts';
import { programsOf } from '../model-programs.ts';
import type { BrokerControl, Wholeness } from '../wholeness.ts';

export interface RollTarget {
  readonly cluster: Cluster;
  readonly addressing: Addressing;
  readonly driver: Driver;
  readonly wholeness: Wholeness;
  readonly brokers: BrokerControl;
  /** How often what is waited for is asked again. */
  readonly pollMs: number;
  /** Throws where what nodes are to take is not what the environment file says: a roll must not show one thing and apply another. */
  assertDeployed(): Promise<void>;
  /** What would fail on every node fails here, before any is touched: archives, certificates, secrets. */
  prepare(): Promise<void>;
  /** Runs `work` alone among those that change this environment. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
}

export interface LockOptions {
  readonly signal: AbortSignal;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

/** Processes of this machine. */
export function localRollTarget(deployment: Deployment, { signal, onWaitForLock }: LockOptions): RollTarget {
  const { environment, addressing, driver, stateDirectory } = deployment;
  return {
    cluster: environment.cluster,
    addressing,
    driver,
    wholeness: localWholeness(deployment),
    brokers: localBrokerControl(deployment),
    pollMs: 200,
    // The driver itself writes files.
    assertDeployed: async () => undefined,
    async prepare() {
      await Promise.all(programsOf(deployment).map((program) => deployment.runtime(program)));
      await ensureCertificates(deployment);
      await ensureSecrets(deployment);
    },
    exclusively: (work) =>
      withFileLock(`${stateDirectory}/lock`, { signal, onWait: ({ pid }) => onWaitForLock?.(pid) }, work),
  };
}

export interface RolledService extends ServiceRef {
  readonly group: Group;
  readonly at: Node;
  readonly rendered: RenderedService;
}

/** Every service that the model has, with its files as they are meant now. */
export function servicesOf({
  cluster,
  addressing,
}: Pick<RollTarget, 'cluster' | 'addressing'>): readonly RolledService[] {
  return cluster.groups.flatMap((group) =>
    group.nodes.flatMap((at) =>
      renderNode(cluster, group, at, addressing).map((rendered) => ({
        node: at.id,
        service: rendered.service,
        group,
        at,
        rendered,
      })),
    ),
  );
}

export function isSame(ref: ServiceRef): (other: ServiceRef) => boolean {
  return (other) => other.node === ref.node && other.service === ref.service;
}

/** What server.properties says, of a broker; nothing for other services. */
export function brokerProperties({ rendered }: { readonly rendered: RenderedService }) {
  return rendered.files.find(({ path }) => path.endsWith('/server.properties'))?.text ?? [];
}

export function brokerHeapMiB({ settings }: Group): number {
  return (settings.kafka as KafkaSettings | undefined)?.heapMiB ?? 0;
}
