/**
 * STAND-IN for two of AWS's services, as far as the topics applier and its callers use them: Secrets Manager's GetSecretValue, and Lambda's Invoke, which
 * is handed to whatever the test runs as the function. In this process, on 127.0.0.1. Shapes: the API references of both services.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a function's process made of an event: its answer as JSON, or its error as Lambda describes one. */
export type Invocation = (
  name: string,
  event: string,
) => Promise<{ readonly payload: string; readonly error?: string }>;

export class AwsEndpoint {
  /** By name. */
  readonly secrets = new Map<string, string>();
  /** Names of secrets in the order in which they were read. */
  readonly reads: string[] = [];
  invoke: Invocation | undefined;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(): Promise<AwsEndpoint> {
    const server = createServer();
    const endpoint = new AwsEndpoint(server);
    server.on('request', (request, response) => {
      endpoint.#answer(request).then(
        ({ status, headers, body }) => response.writeHead(status, headers).end(body),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  /** What a process needs to take this for AWS. */
  get variables(): Readonly<Record<string, string>> {
    return {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answered> {
    const body = await textOf(request);
    const invoked = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '');
    if (invoked !== null) return await this.#invoke(decodeURIComponent(invoked[1] ?? ''), body);
    if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
      const { SecretId: name } = JSON.parse(body) as { SecretId: string };
      this.reads.push(name);
      const value = this.secrets.get(name);
      if (value === undefined) return fault('ResourceNotFoundException', 400);
      return json({ Name: name, ARN: name, SecretString: value });
    }
    return fault(`UnknownOperation ${request.url} ${request.headers['x-amz-target']}`, 400);
  }

  async #invoke(name: string, event: string): Promise<Answered> {
    if (this.invoke === undefined) return fault('ResourceNotFoundException', 404);
    const { payload, error } = await this.invoke(name, event);
    return {
      status: 200,
      headers: error === undefined ? {} : { 'x-amz-function-error': error },
      body: payload,
    };
  }
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function json(value: unknown): Answered {
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify(value) };
}

function fault(type: string, status: number): Answered {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': type };
  return { status, headers, body: JSON.stringify({ __type: type, message: type }) };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
