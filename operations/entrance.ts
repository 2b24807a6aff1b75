/** Where clients reach the messaging API of a deployment: the balancer where there is one, else its first node. */
import type { Deployment } from './deployment.ts';
import { nodesRunning } from './health.ts';

export interface Entrance {
  /** `https://127.0.20.91:4443` */
  readonly url: string;
  /** The certificate of the authority that its clients trust; a path. */
  readonly authorityFile: string;
}

/** Undefined for an environment without an API. */
export function entranceOf({ environment, addressing, stateDirectory }: Deployment): Entrance | undefined {
  const { groups } = environment.cluster;
  for (const [service, listener] of [
    ['haproxy', 'api'],
    ['messaging-api', 'https'],
  ] as const) {
    const [node] = nodesRunning(groups, service);
    if (node === undefined) continue;
    const url = `https://${addressing.host(node)}:${addressing.port(node, service, listener)}`;
    return { url, authorityFile: `${stateDirectory}/secrets/tls/ca.pem` };
  }
  return undefined;
}
