/** Whether an address and port can be listened on, and who listens there if not. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { createServer } from 'node:net';

export type Availability =
  | { readonly kind: 'free' }
  | { readonly kind: 'taken' }
  /** No interface has the address (macOS has 127.0.0.1 alone). */
  | { readonly kind: 'no address'; readonly cause: unknown };

export async function tryListen(host: string, port: number): Promise<Availability> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve({ kind: 'taken' });
      else if (error.code === 'EADDRNOTAVAIL') resolve({ kind: 'no address', cause: error });
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve({ kind: 'free' })));
  });
}

/** `java (pid 4711)`, where this system and our rights show it (Linux: /proc/net/tcp and the sockets that processes hold open). */
export async function portHolder(port: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return undefined;
  for (const pid of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
    const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
    for (const file of files) {
      const link = await readlink(`/proc/${pid}/fd/${file}`).catch(() => '');
      if (!inodes.has(link)) continue;
      const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program');
      return `${name.trim()} (pid ${pid})`;
    }
  }
  return undefined;
}

/** The kernel's state number of a listening socket (include/net/tcp_states.h). */
const listening = '0A';

async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`/proc/net/${table}`, 'utf8').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  return new Set(
    rows.filter((row) => row[3] === listening && row[1]?.endsWith(`:${wanted}`)).map((row) => `socket:[${row[9]}]`),
  );
}
