/**
 * Files that make a Debian machine fit for its services, whatever they are: kernel settings (docs of Kafka and MongoDB, "production notes": no swapping,
 * room for memory-mapped files), a journal that survives a restart and does not fill the disk, whom it asks for the time, and the script itself, so that a
 * mended one reaches machines that are there already.
 */
import { nodeScript } from './unit.ts';
import { provisionScript, userData } from './user-data.ts';

export interface MachineFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface MachineNeeds {
  /** Lines that its programs ask for, in sysctl.d's form. */
  readonly kernel: readonly string[];
  /** And in tmpfiles.d's. */
  readonly kernelFiles: readonly string[];
  /** Of its cloud; where there are none, the image's own stay. */
  readonly timeServers: readonly string[];
}

export function machineFiles({ kernel, kernelFiles, timeServers }: MachineNeeds): readonly MachineFile[] {
  const rendered = '# Rendered by ensemble; a change made here is lost at the next rendering.';
  return [
    { path: nodeScript, mode: 0o755, text: userData() },
    ...['report.py', 'repository.py', 'package.sh'].map((name) => ({
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
    ...(timeServers.length === 0
      ? []
      : [
          {
            path: '/etc/systemd/timesyncd.conf.d/60-ensemble.conf',
            mode: 0o644,
            text: lines(
              rendered,
              '[Time]',
              '# the cloud’s own, which needs no way out',
              `NTP=${timeServers.join(' ')}`,
            ),
          },
        ]),
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
