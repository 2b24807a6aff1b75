/**
 * New certificates for every node on AWS, by one command: issued into the operator's store, given to each node's secret, filled in on the node, and taken by
 * each service in its own way: a reload, a word to a broker, and for one that reads them at its start alone (MongoDB) a restart, which is a roll with its
 * gates. What listeners show decides what is left to do, so that a run that ended anywhere is continued: with `issue` false, no certificate is made anew.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { serviceTable } from '../../cluster/services/table.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { ServiceRef } from '../../drivers/driver.ts';
import { reloadKeystores } from '../broker-keystores.ts';
import { certificatesNotShown } from '../errors.ts';
import type { RenewReport } from '../renew.ts';
import { isSame, type RollTarget, servicesOf } from '../roll/target.ts';
import { type RollReport, rollCluster } from '../roll.ts';
import type { NodeCertificates, TlsListener } from './certificates-on-aws.ts';

export interface RenewAwsOptions {
  /** For listeners to show their certificates after a reload. */
  readonly timeoutMs: number;
  /** For each step of the roll. */
  readonly rollTimeoutMs: number;
  /** New certificates for everybody; false takes those that were issued into use, and issues none but what is lacking. */
  readonly issue: boolean;
  readonly signal: AbortSignal;
  readonly run: Parameters<typeof rollCluster>[3];
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** @throws as NodeCertificates and rollCluster; EnsembleError DRIVER_..., OPERATIONS_CERTIFICATES_NOT_SHOWN */
export async function renewOnAws(
  target: RollTarget,
  certificates: NodeCertificates,
  { timeoutMs, rollTimeoutMs, issue, signal, run, onProgress }: RenewAwsOptions,
): Promise<RenewReport> {
  const { cluster } = target;
  let issued: RenewReport['certificates'] = [];
  let listeners: readonly TlsListener[] = [];
  let unshown: readonly TlsListener[] = [];
  await target.exclusively(async () => {
    const services = await runningWithTls(target);
    // Before anything is issued: what a node cannot be given now, it would start with later, unasked.
    await target.driver.preflight(servicesOf(target));
    issued = (await certificates.issue({ renew: issue })).map(({ id, expiresAt }) => ({ id, expiresAt }));
    onProgress?.(`${issued.length} certificates issued`);
    listeners = await certificates.listeners(services);
    const refused = await takeIntoUse(target, services, signal, onProgress);
    // The others, by their model, read them at their start alone.
    const told = servicesOf(target).filter(({ service, rendered }) => service === 'kafka' || rendered.process.reload);
    const read = listeners.filter((each) => told.some(isSame(each)) && !refused.some(isSame(each)));
    const late = await awaitShown(certificates, read, timeoutMs, signal);
    if (late.length > 0) throw notShown(late, timeoutMs);
    unshown = await certificates.unshown(listeners);
  });
  const refs = distinct(unshown);
  let stopped: RollReport['stopped'];
  if (refs.length > 0) {
    onProgress?.(
      `restarts, one after the other: ${refs.map(({ node, service }) => `${service} on ${node}`).join(', ')}`,
    );
    const only = refs.map(({ node, service }) => `${node}/${service}`);
    const confirm = async () => 'agreed before' as const;
    ({ stopped } = await rollCluster(target, { only, restart: true, timeoutMs: rollTimeoutMs, confirm }, signal, run));
    unshown = await certificates.unshown(listeners);
    if (unshown.length > 0 && stopped === undefined) throw notShown(unshown, rollTimeoutMs);
  }
  return {
    environment: cluster.environment,
    certificates: issued,
    listeners: listeners
      .filter((each) => !unshown.includes(each))
      .map(({ node, service, listener, expected }) => ({ node, service, listener, fingerprint256: expected })),
    restartNeeded: distinct(unshown),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

async function runningWithTls({ driver }: RollTarget): Promise<readonly ServiceRef[]> {
  return (await driver.status())
    .filter(({ pid, service }) => pid !== undefined && showsCertificate(service))
    .map(({ node, service }) => ({ node, service }));
}

function showsCertificate(service: string): boolean {
  return serviceTable.get(service)?.listeners.some(({ transport }) => transport === 'tls') === true;
}

/** Each node fetches what its secret has now, and what runs there is told so. Gives those that would not take it while they run. */
async function takeIntoUse(
  target: RollTarget,
  services: readonly ServiceRef[],
  signal: AbortSignal,
  onProgress: ((line: string) => void) | undefined,
): Promise<readonly ServiceRef[]> {
  const { driver, cluster } = target;
  const refused: ServiceRef[] = [];
  for (const { id } of cluster.groups.flatMap(({ nodes }) => nodes)) {
    signal.throwIfAborted();
    await driver.install(id);
    const own = services.filter(({ node }) => node === id);
    for (const ref of own.filter(({ service }) => service !== 'kafka')) await driver.reload(ref);
    for (const broker of own.filter(({ service }) => service === 'kafka'))
      try {
        await reloadKeystores([broker], target, target.brokers);
      } catch (error) {
        // One for other names than before, for instance, which Kafka reads at its start alone.
        if (!(error instanceof EnsembleError) || error.code !== 'OPERATIONS_KEYSTORE_REFUSED') throw error;
        refused.push(broker);
      }
    onProgress?.(`${id} has its certificate`);
  }
  return refused;
}

const pollMs = 1_000;

async function awaitShown(
  certificates: NodeCertificates,
  listeners: readonly TlsListener[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly TlsListener[]> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const unshown = await certificates.unshown(listeners);
    if (unshown.length === 0 || performance.now() > deadline) return unshown;
    await delay(pollMs, undefined, { signal });
  }
}

function notShown(listeners: readonly TlsListener[], timeoutMs: number) {
  const names = listeners.map(({ node, service, listener }) => `${service}.${listener} on ${node}`);
  return certificatesNotShown(Math.round(timeoutMs / 1000), names);
}

function distinct(refs: readonly ServiceRef[]): readonly ServiceRef[] {
  const byName = new Map(refs.map(({ node, service }) => [`${node}/${service}`, { node, service }]));
  return [...byName.values()];
}
