/**
 * Kafka's brokers as they have registered themselves in ZooKeeper: ephemeral nodes below `<chroot>/brokers/ids`, each a JSON text whose top-level host and
 * port are those of the first PLAINTEXT listener (Kafka 3.9, kafka.zk.BrokerIdZNode). A broker without such a listener has none there, and is left out.
 */
import { z } from 'zod';
import { formatAddress } from '../address.ts';
import { refused } from '../errors.ts';
import { openSession, type SessionOptions } from './session.ts';

const registration = z.object({ host: z.string().min(1).nullish(), port: z.number() });

/**
 * host:port of each registered broker, by its id; none where no broker has registered yet. `servers` are host:port of ZooKeeper's; `chroot` may be empty, or
 * `kafka`, `/kafka`. Throws as openSession and ZooKeeperSession.
 */
export async function readBrokers(
  servers: readonly string[],
  chroot: string,
  options?: SessionOptions,
): Promise<readonly string[]> {
  const base = ['', ...chroot.split('/').filter((part) => part !== ''), 'brokers', 'ids'].join('/');
  const session = await openSession(servers, options);
  try {
    const ids = (await session.children(base)) ?? [];
    const found = await Promise.all(
      [...ids]
        .sort((a, b) => Number(a) - Number(b))
        .map(async (id) => {
          const data = await session.data(`${base}/${id}`);
          return data === undefined ? undefined : parseRegistration(data.toString('utf8'), `${base}/${id}`);
        }),
    );
    return found.filter((address) => address !== undefined);
  } finally {
    await session.close();
  }
}

/** undefined for a broker that listens with TLS alone. Throws CLIENT_REFUSED for what Kafka does not write. @internal */
export function parseRegistration(text: string, path: string): string | undefined {
  try {
    const { host, port } = registration.parse(JSON.parse(text));
    return host === null || host === undefined || port <= 0 ? undefined : formatAddress({ host, port });
  } catch (error) {
    throw refused('the list of brokers', path, 'what stands there is not a broker’s registration', error);
  }
}
