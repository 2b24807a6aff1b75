/**
 * One signed call of an AWS service without its SDK: for a program that runs on every node for ever and makes three calls. The SDK's own signer and its own
 * chain of credentials, without the clients of services, which cost ten times their memory (docs/decisions/0037).
 */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { call } from './connection.ts';

export interface SignedService {
  readonly region: string;
  /** By which it signs: `logs`. */
  readonly signingName: string;
  /** First part of its host: `logs` of `logs.eu-west-1.amazonaws.com`. */
  readonly hostName: string;
  /** Of AWS's own variables for an endpoint: `CLOUDWATCH_LOGS` of AWS_ENDPOINT_URL_CLOUDWATCH_LOGS. */
  readonly variable: string;
}

export interface SignedCall {
  /** For messages: `logs:PutLogEvents /ensemble/staging/worker`. */
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Names of errors that are answers. */
  readonly expected?: readonly string[];
}

export interface Answer {
  /** An expected error's name. */
  readonly error?: string;
  /** Of the answer, or what the service says of the expected error. */
  readonly text: string;
}

/** A call that takes longer is cut off: its caller tries again. */
const timeoutMs = 60_000;

/** What a service answers instead of what was asked. */
class ServiceError extends Error {
  constructor(name: string, message: string, status: number) {
    super(message);
    this.name = name;
    this.$metadata = { httpStatusCode: status };
  }

  readonly $metadata: { readonly httpStatusCode: number };
}

/** A function that makes calls; throws what awsFault makes of their errors. */
export async function signedService(service: SignedService): Promise<(asked: SignedCall) => Promise<Answer>> {
  const [{ SignatureV4 }, { defaultProvider }] = await Promise.all([
    import('@smithy/signature-v4'),
    import('@aws-sdk/credential-provider-node'),
  ]);
  const { region, signingName } = service;
  const signer = new SignatureV4({ service: signingName, region, sha256: NodeSha256, credentials: defaultProvider() });
  const endpoint = endpointOf(service);
  return async ({ name, headers, body, expected = [] }) =>
    await call(name, async () => {
      const { hostname, host, port, protocol } = endpoint;
      const path = endpoint.pathname;
      const signed = await signer.sign({
        method: 'POST',
        protocol,
        hostname,
        ...(port === '' ? {} : { port: Number(port) }),
        path,
        headers: { ...headers, host },
        body,
      });
      const { host: _, ...sent } = signed.headers;
      const answer = await fetch(endpoint, {
        method: 'POST',
        headers: sent,
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await answer.text();
      if (answer.ok) return { text };
      const error = faultOf(text, answer.status);
      if (expected.includes(error.name)) return { error: error.name, text: error.message };
      throw error;
    });
}

/** As the SDK has it: the service's own variable, then the one for all, then AWS. */
function endpointOf({ region, hostName, variable }: SignedService, env: NodeJS.ProcessEnv = process.env): URL {
  const own = env[`AWS_ENDPOINT_URL_${variable}`] || env.AWS_ENDPOINT_URL;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(own || `https://${hostName}.${region}.${domain}/`);
}

/** Errors of the JSON protocol (`__type`) and of the query protocol (`<Code>`). @internal for tests */
export function faultOf(text: string, status: number): ServiceError {
  const xml = (tag: string) => new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(text)?.[1];
  let json: { readonly __type?: unknown; readonly message?: unknown; readonly Message?: unknown } = {};
  try {
    json = JSON.parse(text);
  } catch {
    // The query protocol.
  }
  const type = String(json.__type ?? xml('Code') ?? `Unknown${status}`);
  const said = String(json.message ?? json.Message ?? xml('Message') ?? `it answers with status ${status}`);
  return new ServiceError(type.replace(/^.*#/, ''), said, status);
}

/** Node's own, in the form that the signer asks for. */
class NodeSha256 {
  readonly #make: () => Hash | Hmac;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = secret === undefined ? undefined : bytesOf(secret);
    this.#make = () => (key === undefined ? createHash('sha256') : createHmac('sha256', key));
    this.#hash = this.#make();
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#make();
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
