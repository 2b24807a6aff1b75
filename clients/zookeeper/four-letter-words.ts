/**
 * ZooKeeper's four-letter words over a plain socket: what a server says of itself, without a session.
 *
 * Source: ZooKeeper Administrator's Guide, "The Four Letter Words"; a server answers only those of `4lw.commands.whitelist`
 * (`srvr` alone by default).
 */
import { connect } from 'node:net';
import { formatAddress } from '../address.ts';
import { aborted, reason, timedOut, unreachable } from '../errors.ts';

/** What a server answered to `srvr`. A server that is up without a quorum is an answer too. */
export type ZooKeeperState =
  | {
      readonly serving: true;
      readonly mode: 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';
      readonly version: string;
      /** Hexadecimal, as ZooKeeper writes it: `0x100000002`. */
      readonly zxid: string;
      readonly connections: number;
      readonly outstanding: number;
      readonly nodeCount: number;
      /** Of the requests since the start. */
      readonly latencyMs: { readonly minimum: number; readonly average: number; readonly maximum: number };
    }
  | {
      readonly serving: false;
      /** ZooKeeper's own words: "This ZooKeeper instance is not currently serving requests". */
      readonly why: string;
    };

export interface WordOptions {
  /** For the whole exchange. Default 2 000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Throws CLIENT_UNREACHABLE (nothing listens), CLIENT_TIMED_OUT, CLIENT_ABORTED. */
export async function srvr(host: string, port: number, options: WordOptions = {}): Promise<ZooKeeperState> {
  return parseSrvr(await fourLetterWord(host, port, 'srvr', options));
}

/** Whether the server says `imok`: that it runs, not that it has a quorum. Throws as `srvr`. @internal */
export async function ruok(host: string, port: number, options: WordOptions = {}): Promise<boolean> {
  return (await fourLetterWord(host, port, 'ruok', options)).trim() === 'imok';
}

/** The answer to `srvr` as a value; whatever is not a server's description is a server that does not serve. @internal */
export function parseSrvr(text: string): ZooKeeperState {
  const fields = new Map(
    text.split('\n').flatMap((line) => {
      const colon = line.indexOf(': ');
      return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 2).trim()] as const];
    }),
  );
  const mode = modes.find((candidate) => candidate === fields.get('Mode'));
  if (mode === undefined)
    return { serving: false, why: text.trim().split('\n')[0] || 'it closed the connection without an answer' };
  const [minimum = 0, average = 0, maximum = 0] = (fields.get('Latency min/avg/max') ?? '').split('/').map(Number);
  const [version = ''] = (fields.get('Zookeeper version') ?? '').split(/[-,]/);
  return {
    serving: true,
    mode,
    version,
    zxid: fields.get('Zxid') ?? '',
    connections: Number(fields.get('Connections') ?? 0),
    outstanding: Number(fields.get('Outstanding') ?? 0),
    nodeCount: Number(fields.get('Node count') ?? 0),
    latencyMs: { minimum, average, maximum },
  };
}

const modes = ['leader', 'follower', 'observer', 'standalone', 'read-only'] as const;

/** Sends one word and reads until the server closes, which it does after each answer. */
function fourLetterWord(
  host: string,
  port: number,
  word: string,
  { timeoutMs = 2_000, signal }: WordOptions,
): Promise<string> {
  const address = formatAddress({ host, port });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host, port }, () => socket.write(word));
    const timer = setTimeout(() => settle(() => reject(timedOut(`"${word}"`, address, timeoutMs))), timeoutMs);
    const onAbort = () => settle(() => reject(aborted(`"${word}" of ${address}`, signal?.reason)));
    const settle = (answer: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.destroy();
      answer();
    };
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => settle(() => resolve(Buffer.concat(chunks).toString('utf8'))));
    socket.on('error', (error) =>
      settle(() => reject(unreachable('ZooKeeper', [{ address, why: reason(error) }], error))),
    );
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}
