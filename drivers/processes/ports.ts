/** Whether an address and port can be listened on, and who listens there if not. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { markOf } from './command-lines.ts';

export type Availability =
  | { readonly kind: 'free' }
  | { readonly kind: 'taken' }
  /** Ports below 1024 are for root on most systems. */
  | { readonly kind: 'not permitted'; readonly cause: unknown }
  /** No interface has the address (macOS has 127.0.0.1 alone). */
  | { readonly kind: 'no address'; readonly cause: unknown };

export async function tryListen(host: string, port: number): Promise<Availability> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve({ kind: 'taken' });
      else if (error.code === 'EACCES') resolve({ kind: 'not permitted', cause: error });
      else if (error.code === 'EADDRNOTAVAIL') resolve({ kind: 'no address', cause: error });
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ kind: 'free' })));
  });
}

/** `java (pid 4711)`, where this system and our rights show it (Linux: /proc/net/tcp and the sockets that processes hold open). */
export async function portHolder(host: string, port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const inodes = await listeningInodes(host, port);
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
      if (!inodes.has(link)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      const mark = await markOf(Number(pid));
      return `${name.trim()} (pid ${pid})${mark === undefined ? '' : `, a server that ensemble runs from ${mark},`}`;
    }
  }
  return undefined;
}

/** The kernel's state number of a listening socket (include/net/tcp_states.h). */
const listening = '0A';

/** Sockets that listen on the port at this address, or at every address: another address's socket is no obstacle. */
async function listeningInodes(host: string, port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  // The kernel prints an IPv4 address as the hexadecimal of its bytes in reverse, and one within IPv6 with a prefix.
  const hexHost = host
    .split('.')
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, '0'))
    .join('');
  const wanted = new Set(
    [hexHost, '0'.repeat(8), '0'.repeat(32), `0000000000000000FFFF0000${hexHost}`].map((each) => `${each}:${hexPort}`),
  );
  return new Set(
    rows.filter((row) => row[3] === listening && wanted.has(row[1] ?? '')).map((row) => `socket:[${row[9]}]`),
  );
}
