/**
 * The way through Apache's own archive: downloaded to a file, its SHA-512 compared with the one that Apache publishes beside it, and only then
 * unpacked. The unpacked jars stay in the cache, since both services come out of them.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import { hashFile } from './archive.ts';
import { newWorkFolder, publish } from './cache.ts';
import { type DownloadOptions, download } from './download.ts';
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
    const file = join(work.path, 'download.tgz');
    options.onProgress?.(`downloading ${archive.url}`);
    await download(archive.url, file, options).catch((error: Error) => {
      options.signal?.throwIfAborted();
      throw wayFailed(way, `${archive.url} could not be downloaded: ${error.message}`, [], error);
    });
    const found = await hashFile(file, 'sha512');
    if (found !== archive.sha512.toLowerCase()) {
      throw wayFailed(
        way,
        `${archive.url} has the SHA-512 ${found.slice(0, 16)}… instead of ${archive.sha512.slice(0, 16).toLowerCase()}…: it was not unpacked`,
      );
    }
    await mkdir(join(work.path, 'libs'), { recursive: true });
    await extract({
      file,
      cwd: work.path,
      strip: 1,
      strict: true,
      filter: (path) => /^[^/]+\/libs\/[^/]+\.jar$/.test(path),
    });
    await rm(file);
    await publish(work, home, isThere);
    return home;
  } finally {
    await work.remove();
  }
}
