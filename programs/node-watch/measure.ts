/** How full a node's volumes and its memory are. I/O: asks the kernel, and nothing else. */
import { readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeMetrics, systemVolume } from '../../contracts/node-metrics.ts';
import type { NodeWatchConfig } from '../../contracts/node-watch-config.ts';
import type { Metric } from './sink.ts';

export interface Measured {
  readonly metrics: readonly Metric[];
  /** What could not be measured, a sentence each. */
  readonly lacking: readonly string[];
}

export async function measure(volumes: NodeWatchConfig['volumes']): Promise<Measured> {
  const metrics: Metric[] = [];
  const lacking: string[] = [];
  for (const { name, path } of volumes) {
    try {
      // An empty folder on the machine's own disk, where the volume should be, says nothing of the volume.
      if (name === systemVolume || (await isMounted(path)))
        metrics.push({ name: nodeMetrics.disk, value: usedPercent(await statfs(path)), volume: name });
      else lacking.push(`volume ${name} is not mounted at ${path}`);
    } catch (error) {
      lacking.push(`volume ${name} is not measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const memory = memoryPercent(await readFile('/proc/meminfo', 'utf8').catch(() => ''));
  if (memory === undefined) lacking.push('the kernel does not say how much memory is available');
  else metrics.push({ name: nodeMetrics.memory, value: memory });
  return { metrics, lacking };
}

async function isMounted(path: string): Promise<boolean> {
  return (await stat(path)).dev !== (await stat(join(path, '..'))).dev;
}

/** As `df` has it: what root alone may use is neither used nor free. @internal for tests */
export function usedPercent({
  blocks,
  bfree,
  bavail,
}: {
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
}): number {
  const used = blocks - bfree;
  return used + bavail === 0 ? 0 : (100 * used) / (used + bavail);
}

/** Of the text of /proc/meminfo. @internal for tests */
export function memoryPercent(text: string): number | undefined {
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]);
  const [total, available] = [of('MemTotal'), of('MemAvailable')];
  return total > 0 && available >= 0 ? (100 * (total - available)) / total : undefined;
}
