/** A plain HTTP listener on a private address, for probes and Prometheus: /ready and /metrics, nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { portTaken } from './errors.ts';

export interface OperationsListener {
  readonly port: number;
  close(): Promise<void>;
}

/** @throws EnsembleError */
export async function listenOperations(
  { bind, port }: { readonly bind: string; readonly port: number },
  { isReady, metrics }: { readonly isReady: () => boolean; readonly metrics: () => string },
): Promise<OperationsListener> {
  const server = createServer((request, response) => {
    request.resume();
    const path = request.url?.split('?')[0];
    const readable = request.method === 'GET' || request.method === 'HEAD';
    if (readable && path === '/ready') {
      const ready = isReady();
      response.writeHead(ready ? 200 : 503, { 'content-type': 'application/json; charset=utf-8' });
      response.end(`{"status":"${ready ? 'ready' : 'not ready'}"}`);
    } else if (readable && path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(metrics());
    } else {
      response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end('404 page not found\n');
    }
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portTaken(`${bind}:${port}`, error)));
    server.listen(port, bind, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
