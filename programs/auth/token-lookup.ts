/**
 * Asks the host of a binding for the token of its user: a GET of the path that the configuration has for the service type, with the key or the headers of the
 * auth method, and one field of the answer (reference, section 6). No redirect is followed, since the key would go along.
 */
import { Agent, request } from 'node:https';
import type { AuthConfig } from '../../contracts/auth-config.ts';
import type { AuthMethodDocument, BindingDocument, ServiceTypeDocument } from '../../contracts/auth-documents.ts';
import { internal } from './errors.ts';

const answerBytes = 1_048_576;

export interface TokenLookup {
  /** The value of the field. Throws a Refusal with 500. */
  lookUp(serviceType: ServiceTypeDocument, method: AuthMethodDocument, binding: BindingDocument): Promise<unknown>;
  close(): void;
}

/** `authority`: PEM of what the hosts' certificates must lead to; undefined: the system's. */
export function createTokenLookup(
  config: Pick<AuthConfig, 'service_types_paths' | 'service_types_retrieval_fields' | 'verify_ssl' | 'ensemble'>,
  authorities: readonly string[] | undefined,
): TokenLookup {
  const trust = authorities === undefined ? {} : { ca: [...authorities] };
  const agent = new Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: config.verify_ssl, ...trust });
  return {
    async lookUp({ type }, method, binding) {
      const field = config.service_types_retrieval_fields[type];
      const path = config.service_types_paths[type];
      if (field === undefined || path === undefined) throw internal('Backend error');
      // Encoded, so that a key with a slash or a question mark cannot lead elsewhere.
      const filled = path
        .replace('{{identifier}}', () => encodeURIComponent(binding.uniquekey))
        .replace('{{access_key}}', () => encodeURIComponent(method.access_key ?? ''));
      const { status, body } = await get(agent, method, filled, config.ensemble.lookupTimeoutMs);
      if (status < 200 || status > 299) throw internal(`${method.host} answered ${status}`);
      const answer = parsed(body);
      if (answer === undefined) throw internal(`${method.host} answered no JSON object`);
      if (!Object.hasOwn(answer, field)) {
        throw internal(
          `The specified retrieval field: \`${field}\` was not found in the response body of the service type`,
        );
      }
      return answer[field];
    },
    close: () => agent.destroy(),
  };
}

function get(
  agent: Agent,
  { host, port, headers }: AuthMethodDocument,
  path: string,
  timeoutMs: number,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { code?: string }) =>
      reject(internal(`${host}:${port} could not be asked: ${error.code ?? error.name}`));
    const signal = AbortSignal.timeout(timeoutMs);
    const asked = request({ agent, host, port, path, headers: { ...headers }, signal }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > answerBytes) response.destroy(Object.assign(new Error('too large'), { code: 'ANSWER_TOO_LARGE' }));
        else chunks.push(chunk);
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
      );
      response.once('error', fail);
    });
    asked.once('error', fail);
    asked.end();
  });
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
