/**
 * Files that make a Debian machine fit for its services, whatever they are: kernel settings (docs of Kafka and MongoDB, "production notes": no swapping,
 * room for memory-mapped files), a journal that survives a restart and does not fill the disk, and the script itself, so that a mended one
 * reaches machines that are there already.
 */
import { nodeScript } from './unit.ts';
import { provisionScript, userData } from './user-data.ts';

export interface MachineFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

/** @param kernel and kernelFiles: lines that one of its programs asks for, in sysctl.d's and tmpfiles.d's form. */
export function machineFiles({
  kernel,
  kernelFiles,
}: {
  readonly kernel: readonly string[];
  readonly kernelFiles: readonly string[];
}): readonly MachineFile[] {
  const rendered = '# Rendered by ensemble; a change made here is lost at the next rendering.';
  return [
    { path: nodeScript, mode: 0o755, text: userData() },
    ...['report.py', 'repository.py'].map((name) => ({
      path: `/usr/local/lib/ensemble/${name}`,
      mode: 0o644,
      text: provisionScript(name),
    })),
    {
      path: '/etc/sysctl.d/60-ensemble.conf',
      mode: 0o644,
      text: lines(
        rendered,
        '# the page cache gives way before a server’s memory does',
        'vm.swappiness = 1',
        '# each segment of a log is a mapped file',
        'vm.max_map_count = 262144',
        ...kernel,
      ),
    },
    ...(kernelFiles.length === 0
      ? []
      : [{ path: '/etc/tmpfiles.d/ensemble.conf', mode: 0o644, text: lines(rendered, ...kernelFiles) }]),
    {
      path: '/etc/systemd/journald.conf.d/60-ensemble.conf',
      mode: 0o644,
      text: lines(
        rendered,
        '[Journal]',
        '# kept over a restart of the machine',
        'Storage=persistent',
        'SystemMaxUse=1G',
        '# a broker that recovers says thousands of lines, each of use',
        'RateLimitIntervalSec=0',
      ),
    },
  ];
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
