/** A file over HTTP, with progress for a person and an end to silence. What it must be, the caller checks: its bytes are not to be trusted before. */
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface DownloadOptions {
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A server that has sent nothing for this long will not send the rest. */
const silenceMs = 30_000;

/** Throws an Error whose message is the reason alone, without the address; the abort's reason when aborted. */
export async function download(url: string, file: string, options: DownloadOptions): Promise<void> {
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
    throw new Error(reasonOf(error), { cause: error });
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
