/** An endpoint of a push subscription, over HTTPS: it answers to the verification, and keeps what is brought to it. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import type { Endpoint } from './push.ts';

export interface EndpointOptions {
  /** An address of this machine, or of the network that it stands in; its certificate has it. */
  readonly address: string;
  readonly port: number;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const deliveryShape = z.object({ message: z.object({ messageId: z.string(), data: z.string() }) });

export async function openEndpoint({
  address,
  port,
  certificatePem,
  keyPem,
}: EndpointOptions): Promise<Endpoint & { close(): void }> {
  const received = new Map<string, string>();
  let hash = '';
  const server = createServer({ cert: certificatePem, key: keyPem }, async (asked, answer) => {
    if (asked.url === '/ams_verification_hash') return answer.end(hash);
    const delivery = await text(asked)
      .then((body) => deliveryShape.parse(JSON.parse(body)))
      .catch(() => undefined);
    if (delivery !== undefined) received.set(delivery.message.messageId, delivery.message.data);
    return answer.writeHead(delivery === undefined ? 400 : 204).end();
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    url: `https://${address}:${port}/messages`,
    received,
    verifyBy(given) {
      hash = given;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
