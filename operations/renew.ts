/**
 * New certificates for every node, taken into use without a restart: files are written, each service is told in its own way to read them (a signal, or
 * for Kafka a change of its dynamic settings), and every TLS listener is asked for the certificate that it shows.
 */
import { X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { serviceTable } from '../cluster/services/table.ts';
import type { ServiceRef } from '../drivers/driver.ts';
import { withFileLock } from '../platform/file-lock.ts';
import { reloadKeystores } from './broker-keystores.ts';
import { ensureCertificates, installNodes } from './certificates.ts';
import type { Deployment } from './deployment.ts';
import { certificatesNotShown } from './errors.ts';
import { localBrokerControl } from './local-wholeness.ts';
import type { RollReport } from './roll.ts';
import type { Step } from './step.ts';

export interface RenewOptions {
  /** For all listeners to show their new certificates. */
  readonly timeoutMs: number;
  /** New certificates for everybody; false takes those that were issued into use. */
  readonly issue: boolean;
  readonly onWaitForLock?: ((pid: number) => void) | undefined;
}

export interface RenewReport {
  readonly environment: string;
  readonly certificates: readonly { readonly id: string; readonly expiresAt: string }[];
  /** Services that took their new certificates without a restart, and what their listeners show now. */
  readonly listeners: readonly (ServiceRef & { readonly listener: string; readonly fingerprint256: string })[];
  /** Running services that read certificates only when they start. */
  readonly restartNeeded: readonly ServiceRef[];
  /** Why a roll of those did not end; absent where none was needed, or none is made. */
  readonly stopped?: RollReport['stopped'];
}

interface Context {
  readonly deployment: Deployment;
  readonly options: RenewOptions;
  certificates: RenewReport['certificates'];
  listeners: RenewReport['listeners'];
  restartNeeded: readonly ServiceRef[];
}

/** @throws EnsembleError OPERATIONS_CERTIFICATES_NOT_SHOWN, OPERATIONS_KEYSTORE_REFUSED, SECRETS_... */
export async function renewCertificates(
  deployment: Deployment,
  options: RenewOptions,
  signal: AbortSignal,
  run: (steps: readonly Step<Context>[], context: Context, signal: AbortSignal) => Promise<void>,
): Promise<RenewReport> {
  const context: Context = { deployment, options, certificates: [], listeners: [], restartNeeded: [] };
  const onWait = ({ pid }: { readonly pid: number }) => options.onWaitForLock?.(pid);
  await withFileLock(`${deployment.stateDirectory}/lock`, { signal, onWait }, () => run(steps, context, signal));
  const { certificates, listeners, restartNeeded } = context;
  return { environment: deployment.environment.cluster.environment, certificates, listeners, restartNeeded };
}

const steps: readonly Step<Context>[] = [
  {
    title: 'Certificates and files',
    run: async (context) => {
      const issued = await ensureCertificates(context.deployment, { renew: context.options.issue });
      context.certificates = issued.map(({ id, expiresAt }) => ({ id, expiresAt: expiresAt.toISOString() }));
      await installNodes(context.deployment);
      return `${issued.length} issued`;
    },
  },
  { title: 'Services', run: reloadServices },
  { title: 'Listeners', run: verifyListeners },
];

async function reloadServices(context: Context): Promise<string> {
  const { driver } = context.deployment;
  const running = (await driver.status()).filter(({ pid }) => pid !== undefined);
  const withCertificates = running.filter(({ service }) =>
    serviceTable.get(service)?.listeners.some(({ transport }) => transport === 'tls'),
  );
  const brokers = withCertificates.filter(({ service }) => service === 'kafka');
  const { environment, addressing } = context.deployment;
  await reloadKeystores(brokers, { cluster: environment.cluster, addressing }, localBrokerControl(context.deployment));
  const restartNeeded: ServiceRef[] = [];
  for (const ref of withCertificates.filter(({ service }) => service !== 'kafka'))
    if (!(await driver.reload(ref))) restartNeeded.push({ node: ref.node, service: ref.service });
  context.restartNeeded = restartNeeded;
  return `${withCertificates.length - restartNeeded.length} read their certificates again`;
}

/** How often a listener that still shows its old certificate is asked. */
const pollMs = 100;

async function verifyListeners(
  context: Context,
  report: (progress: string) => void,
  signal: AbortSignal,
): Promise<string> {
  const { deployment, options, restartNeeded } = context;
  const deadline = performance.now() + options.timeoutMs;
  const waiting = await tlsListeners(deployment, restartNeeded);
  const shown: RenewReport['listeners'][number][] = [];
  while (waiting.length > 0) {
    for (const each of [...waiting]) {
      const fingerprint256 = await shownCertificate(each.host, each.port);
      if (fingerprint256 !== each.expected) continue;
      waiting.splice(waiting.indexOf(each), 1);
      shown.push({ node: each.node, service: each.service, listener: each.listener, fingerprint256 });
    }
    report(`${shown.length} show their new certificates`);
    if (waiting.length === 0) break;
    if (performance.now() > deadline)
      throw certificatesNotShown(
        Math.round(options.timeoutMs / 1000),
        waiting.map(({ node, service, listener }) => `${service}.${listener} on ${node}`),
      );
    await delay(pollMs, undefined, { signal });
  }
  context.listeners = shown;
  return `${shown.length} show their new certificates`;
}

async function tlsListeners({ driver, environment, addressing, secrets }: Deployment, except: readonly ServiceRef[]) {
  const nodes = new Map(environment.cluster.groups.flatMap((group) => group.nodes).map((node) => [node.id, node]));
  const running = (await driver.status()).filter(
    ({ pid, node, service }) =>
      pid !== undefined && !except.some((other) => other.node === node && other.service === service),
  );
  const found = running.flatMap(({ node: id, service }) => {
    const node = nodes.get(id);
    const listeners = serviceTable.get(service)?.listeners.filter(({ transport }) => transport === 'tls') ?? [];
    if (node === undefined) return [];
    // What a balancer passes through is another node's certificate, which is looked at there.
    return listeners
      .filter(({ passesTo }) => passesTo === undefined)
      .map(({ name }) => ({
        node: id,
        service,
        listener: name,
        host: addressing.host(node),
        port: addressing.port(node, service, name),
      }));
  });
  return await Promise.all(
    found.map(async (each) => {
      const pem = await secrets.read(`tls/${each.node}.pem`);
      return { ...each, expected: pem === undefined ? '' : new X509Certificate(pem).fingerprint256 };
    }),
  );
}

const attemptMs = 2_000;

/** Undefined where nobody answers. A server shows its certificate before it asks for the client's. */
async function shownCertificate(host: string, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.destroy();
    });
    socket.setTimeout(attemptMs, () => socket.destroy());
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
  });
}
