/**
 * The one request that the API makes to somebody else's machine: a push endpoint's verification hash (reference, section 5). Its answer is bounded in size and in
 * time, which upstream's is not, and every redirect must lead to https again.
 */
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { rootCertificates } from 'node:tls';

export interface EndpointAnswer {
  readonly status: number;
  readonly body: string;
}

const timeoutMs = 10_000;
/** A hash has 64 bytes; what is longer is none, however it goes on. */
const bodyBytes = 4_096;
const redirects = 5;

/** `authorities`: a PEM file beside the system's own, read at each request; empty: none. */
export function createEndpointFetch(authorities: string): (url: string) => Promise<EndpointAnswer> {
  return async (url) => {
    const ca = authorities === '' ? undefined : [...rootCertificates, readFileSync(authorities, 'utf8')];
    const signal = AbortSignal.timeout(timeoutMs);
    let at = url;
    for (let hops = 0; hops <= redirects; hops += 1) {
      const { location, ...answer } = await once(at, { ca, signal });
      if (location === undefined) return answer;
      const next = new URL(location, at);
      if (next.protocol !== 'https:') throw new Error('it redirects to an address without https');
      at = next.href;
    }
    throw new Error(`it redirects more than ${redirects} times`);
  };
}

function once(
  url: string,
  { ca, signal }: { readonly ca: readonly string[] | undefined; readonly signal: AbortSignal },
): Promise<EndpointAnswer & { readonly location: string | undefined }> {
  return new Promise((resolve, reject) => {
    const options = { signal, agent: false as const, ...(ca === undefined ? {} : { ca: [...ca] }) };
    const request = get(url, options, (response) => {
      const { statusCode: status = 0, headers } = response;
      const location = status >= 300 && status < 400 ? headers.location : undefined;
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (text: string) => {
        body += text;
        if (body.length <= bodyBytes) return;
        resolve({ status, body: body.slice(0, bodyBytes), location });
        response.destroy();
      });
      response.on('end', () => resolve({ status, body, location }));
      response.on('error', reject);
    });
    request.on('error', (error) => reject(signal.aborted ? new Error('it did not answer in time') : error));
  });
}
