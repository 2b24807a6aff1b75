/**
 * Runs inside the machines' network, and exchanges messages there (exchange.ts) over HTTPS that the environment's authority vouches for. What it is to do, with
 * the token, comes as JSON by its input, so that no list of processes shows it; what it found goes to its output.
 */
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { openEndpoint } from './endpoint.ts';
import { type Api, exchangeThroughApi } from './exchange.ts';

const taskShape = z.strictObject({
  entrances: z.array(z.strictObject({ name: z.string(), url: z.string() })),
  authorityPem: z.string(),
  token: z.string(),
  project: z.string(),
  messages: z.int(),
  perBatch: z.int(),
  timeoutMs: z.int(),
  endpoint: z
    .strictObject({ address: z.string(), port: z.int(), certificatePem: z.string(), keyPem: z.string() })
    .optional(),
});

const callMs = 60_000;

const task = taskShape.parse(JSON.parse(await text(process.stdin)));
const agent = new Agent({ keepAlive: true, ca: task.authorityPem });
const endpoint = task.endpoint === undefined ? undefined : await openEndpoint(task.endpoint);
const found = await exchangeThroughApi({
  ...task,
  endpoint,
  entrances: task.entrances.map(({ name, url }) => ({ name, api: apiAt(url) })),
});
agent.destroy();
endpoint?.close();
process.stdout.write(`${JSON.stringify(found)}\n`);

function apiAt(url: string): Api {
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'x-api-key': task.token, 'content-type': 'application/json' };
      const asked = request(`${url}/v1/${path}`, { method, headers, agent, timeout: callMs });
      const failed = (error: Error) =>
        reject(new Error(`${url}: ${method} ${path}: ${error.message}`, { cause: error }));
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${callMs / 1000} s`)));
      asked.on('error', failed);
      asked.on('response', (response) => {
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: parsed(said) }), failed);
      });
      asked.end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said);
  } catch {
    return said.slice(0, 500);
  }
}
