/** Memory of a process: its own high-water mark as Linux keeps it (VmHWM in /proc/PID/status), in MB of 10^6 bytes. Linux only. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Read every 20 ms while the process runs, so what it takes in its last 20 ms may be missed. `run` tells its pid. */
export async function peakResidentMB(run: (onStart: (pid: number) => void) => Promise<unknown>): Promise<number> {
  let peak = 0;
  let timer: NodeJS.Timeout | undefined;
  try {
    await run((pid) => {
      timer = setInterval(() => {
        peak = Math.max(peak, highWaterMB(pid) ?? 0);
      }, 20);
    });
    return peak;
  } finally {
    clearInterval(timer);
  }
}

/** What node takes that does nothing. */
export function idleResidentMB(): number {
  const script = 'process.stdout.write(String(process.resourceUsage().maxRSS))';
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  return (Number(stdout) * 1_024) / 1e6;
}

/** Undefined once the process has ended. */
function highWaterMB(pid: number): number | undefined {
  try {
    const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : (Number(kibibytes) * 1_024) / 1e6;
  } catch {
    return undefined;
  }
}
