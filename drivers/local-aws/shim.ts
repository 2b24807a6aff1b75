/**
 * A small shim before moto_server: it answers the calls that it is given an answer for (what moto lacks, or does not tell apart), and passes every other
 * one on. Labelled: an answer says in the header `x-shim` that it is not moto's.
 */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ShimRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface ShimAnswer {
  readonly status: number;
  readonly body?: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Shim {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** `answer`: undefined passes the call on. */
export async function startShim(
  motoEndpoint: string,
  answer: (asked: ShimRequest) => Promise<ShimAnswer | undefined>,
): Promise<Shim> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks);
      const { method = 'GET', url: path = '/', headers } = incoming;
      const own = await answer({ method, path, headers, body: body.toString('utf8') });
      if (own !== undefined) {
        outgoing.writeHead(own.status, {
          'x-shim': 'answered beside moto',
          'content-type': own.type ?? 'application/x-amz-json-1.1',
          ...own.headers,
        });
        outgoing.end(method === 'HEAD' ? undefined : own.body);
        return;
      }
      const passed = request(`${motoEndpoint}${path}`, { method, headers }, (theirs) => {
        outgoing.writeHead(theirs.statusCode ?? 502, theirs.headers);
        theirs.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      passed.end(body);
    })().catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
