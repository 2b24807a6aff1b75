/**
 * The way through Apache's own archive: downloaded to a file, its SHA-512 compared with the one that Apache publishes beside it, and only then
 * unpacked. The unpacked jars stay in the cache, since both services come out of them.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar';
import { hashFile } from './archive.ts';
import { newWorkFolder, publish } from './cache.ts';
import { wayFailed } from './errors.ts';

export interface ApacheArchive {
  readonly url: string;
  /** Hexadecimal. */
  readonly sha512: string;
}

/** Source: kafka_2.13-3.9.1.tgz.sha512 in the same folder of Apache's archive. */
export const kafkaArchive: ApacheArchive = {
  url: 'https://archive.apache.org/dist/kafka/3.9.1/kafka_2.13-3.9.1.tgz',
  sha512:
    '1EA204BA73411737A275429CA976D440F007FF0957B90B19BE41DC5A4BAE52617267769BE9F0B5791714D0B3C4C760605BD426FAEA39EDD90763585523FA2CFE',
};

interface DownloadOptions {
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const way = 'the Apache archive';

/** The folder that holds the archive's libs/. Throws ARTIFACTS_WAY_FAILED: not reached, cut short, or not the bytes that Apache published. */
export async function fetchApacheArchive(
  cacheRoot: string,
  archive: ApacheArchive,
  options: DownloadOptions,
): Promise<string> {
  const home = join(cacheRoot, `apache-kafka-${archive.sha512.slice(0, 12).toLowerCase()}`);
  const isThere = async () => (await stat(join(home, 'libs')).catch(() => undefined)) !== undefined;
  if (await isThere()) return home;
  const work = await newWorkFolder(cacheRoot);
  try {
    const download = join(work.path, 'download.tgz');
    options.onProgress?.(`downloading ${archive.url}`);
    await downloadTo(download, archive.url, options);
    const found = await hashFile(download, 'sha512');
    if (found !== archive.sha512.toLowerCase()) {
      throw wayFailed(
        way,
        `${archive.url} has the SHA-512 ${found.slice(0, 16)}… instead of ${archive.sha512.slice(0, 16).toLowerCase()}…: it was not unpacked`,
      );
    }
    await mkdir(join(work.path, 'libs'), { recursive: true });
    await extract({
      file: download,
      cwd: work.path,
      strip: 1,
      strict: true,
      filter: (path) => /^[^/]+\/libs\/[^/]+\.jar$/.test(path),
    });
    await rm(download);
    await publish(work, home, isThere);
    return home;
  } finally {
    await work.remove();
  }
}

/** An archive whose server has sent nothing for this long will not come. */
const silenceMs = 30_000;

async function downloadTo(file: string, url: string, options: DownloadOptions): Promise<void> {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${silenceMs / 1000} s`)), silenceMs);
  const signals = options.signal ? [options.signal, silence.signal] : [silence.signal];
  const signal = AbortSignal.any(signals);
  try {
    const response = await fetch(url, { signal });
    if (!response.ok || response.body === null)
      throw new Error(`the server answered ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length') ?? 0);
    let received = 0;
    let toldTenths = 0;
    const meter = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        timer.refresh();
        received += chunk.length;
        const tenths = total > 0 ? Math.floor((10 * received) / total) : 0;
        if (tenths > toldTenths) {
          toldTenths = tenths;
          options.onProgress?.(`downloaded ${Math.round(received / 1e6)} of ${Math.round(total / 1e6)} MB`);
        }
        done(null, chunk);
      },
    });
    await pipeline(Readable.fromWeb(response.body), meter, createWriteStream(file), { signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw wayFailed(way, `${url} could not be downloaded: ${reasonOf(error)}`, [], error);
  } finally {
    clearTimeout(timer);
  }
}

/** fetch says only "fetch failed"; what failed is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return error.cause.message || reasonOfCode(error.cause);
  return error.message;
}

function reasonOfCode(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
