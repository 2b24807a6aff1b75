/**
 * systemd units: what the model says of a process, in the words of the machine that runs it. A unit's text is all that changes how a service runs, so
 * that whoever reads it knows; the limits are those of docs of each system (production notes), the sandbox is systemd.exec(5).
 */
import type { Job } from '../cluster/model.ts';
import type { RenderedService } from '../cluster/render.ts';

/** Where the script of user-data.ts installs itself. */
export const nodeScript = '/usr/local/sbin/ensemble-node';

/** Of an administrator's units (systemd.unit(5)). */
export const unitFolder = '/etc/systemd/system/';

export interface UnitContext {
  readonly node: string;
  /** System user and group. */
  readonly account: string;
  /** Of the machine, in MiB. */
  readonly memoryMiB: number;
  /** Mount points of the volumes that it keeps its data on; absolute. */
  readonly mounts: readonly string[];
  /** Units of this node that it starts after. */
  readonly after: readonly string[];
  /** One of its listeners has a port that is for root alone. */
  readonly privilegedPort: boolean;
  /** The command line of its program, and of each job by id. */
  readonly command: readonly string[];
  readonly jobCommands: ReadonlyMap<string, readonly string[]>;
}

export function serviceUnitName(service: string): string {
  return `ensemble-${service}.service`;
}

/** Where it lies on a node. */
export function serviceUnitFile(service: string): string {
  return unitFolder + serviceUnitName(service);
}

export function jobUnitName(service: string, job: string): string {
  return `ensemble-${service}-${job}.service`;
}

/** The text of `ensemble-<service>.service`. Jobs that come before a start are part of it; the others have units of their own. */
export function serviceUnit({ service, process }: RenderedService, context: UnitContext): string {
  const before = (process.jobs ?? []).filter(({ when }) => when === 'before-start');
  const patienceMs = before.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0) + 30_000;
  const checks = before.filter(({ eachNode }) => eachNode === true);
  const { reload } = process;
  return sections([
    [
      'Unit',
      `Description=${service} of ${context.node} (Ensemble)`,
      ...network,
      ...context.after.map((unit) => `After=${unit}`),
      ...context.mounts.map((mount) => `RequiresMountsFor=${mount}`),
      '# it may wait for others for as long as they take; one that ends at once, forty times in a row, is left for a person to see',
      'StartLimitIntervalSec=600',
      'StartLimitBurst=40',
    ],
    [
      'Service',
      'Type=exec',
      `User=${context.account}`,
      `Group=${context.account}`,
      `SyslogIdentifier=${service}`,
      ...before.map((job) => `ExecStartPre=${commandLine(commandOf(job, context))}`),
      '# notes with which settings it starts; as root, outside the sandbox',
      `ExecStartPre=+${nodeScript} started ${service}`,
      `ExecStart=${commandLine(context.command)}`,
      ...(reload === undefined
        ? []
        : [
            ...checks.map((job) => `ExecReload=${commandLine(commandOf(job, context))}`),
            `ExecReload=/bin/kill -${reload.signal.slice(3)} $MAINPID`,
            ...(reload.reads === 'everything' ? [`ExecReload=+${nodeScript} started ${service}`] : []),
          ]),
      `TimeoutStartSec=${seconds(patienceMs)}`,
      `KillSignal=${process.stopSignal ?? 'SIGTERM'}`,
      '# its main process alone is asked; what is left after that time is killed with it',
      'KillMode=mixed',
      `TimeoutStopSec=${seconds(process.stopTimeoutMs)}`,
      ...(process.program.runtime === 'java'
        ? ['# a virtual machine that obeyed SIGTERM', 'SuccessExitStatus=143']
        : []),
      'Restart=on-failure',
      'RestartSec=10',
      ...limits(process.memoryMiB, context),
      ...sandbox(context.privilegedPort),
      ...context.mounts.map((mount) => `ReadWritePaths=${mount}`),
    ],
  ]);
}

/** The text of a job's own unit: it waits for its service on this node, and tries again until it has done its work. */
export function jobUnit({ service }: RenderedService, job: Job, context: UnitContext): string {
  return sections([
    [
      'Unit',
      `Description=${job.id} of ${service}, on ${context.node} (Ensemble)`,
      ...network,
      `After=${serviceUnitName(service)}`,
      'StartLimitIntervalSec=0',
    ],
    [
      'Service',
      'Type=oneshot',
      `User=${context.account}`,
      `Group=${context.account}`,
      `SyslogIdentifier=${service}-${job.id}`,
      `ExecStart=${commandLine(commandOf(job, context))}`,
      `TimeoutStartSec=${seconds(job.timeoutMs + 10_000)}`,
      'Restart=on-failure',
      'RestartSec=15',
      ...sandbox(false),
    ],
  ]);
}

const network = ['Wants=network-online.target', 'After=network-online.target'];

export interface AsideUnit {
  /** `node-watch`, as in serviceUnitName. */
  readonly name: string;
  readonly node: string;
  readonly account: string;
  /** Whose files it may read beside its own. */
  readonly groups: readonly string[];
  readonly command: readonly string[];
  readonly memoryMiB: number;
}

/** The text of the unit of what runs beside the services: it takes what they leave, and never gives up. */
export function asideUnit({ name, node, account, groups, command, memoryMiB }: AsideUnit): string {
  return sections([
    ['Unit', `Description=${name} of ${node} (Ensemble)`, ...network, 'StartLimitIntervalSec=0'],
    [
      'Service',
      'Type=exec',
      `User=${account}`,
      `Group=${account}`,
      `SupplementaryGroups=${groups.join(' ')}`,
      `SyslogIdentifier=${name}`,
      `StateDirectory=ensemble-${name}`,
      'StateDirectoryMode=0700',
      '# notes with which settings it starts; as root, outside the sandbox',
      `ExecStartPre=+${nodeScript} started ${name}`,
      `ExecStart=${commandLine(command)}`,
      'TimeoutStopSec=15',
      'Restart=always',
      'RestartSec=10',
      '# a tenth of what a service gets where both want all of it, and the first to go when memory runs out',
      'CPUWeight=10',
      'IOWeight=10',
      `MemoryMax=${memoryMiB}M`,
      'OOMScoreAdjust=500',
      ...sandbox(false),
    ],
  ]);
}

function commandOf(job: Job, { jobCommands }: UnitContext): readonly string[] {
  const command = jobCommands.get(job.id);
  if (command === undefined) throw new TypeError(`no command for the job ${job.id}`);
  return command;
}

function limits(takesMiB: number, { mounts, memoryMiB }: UnitContext): readonly string[] {
  return [
    '# Kafka asks for 100,000 files, MongoDB for 64,000 files and threads',
    'LimitNOFILE=131072',
    'LimitNPROC=64000',
    'TasksMax=infinity',
    ...(mounts.length > 0
      ? [
          '# no MemoryMax: it would count the page cache, which this service lives on; when memory runs out, others go first',
          'OOMScoreAdjust=-600',
        ]
      : [
          '# twice what it takes at its most: a reload holds two of it for a while',
          `MemoryMax=${Math.min(2 * takesMiB, memoryMiB)}M`,
        ]),
  ];
}

function sandbox(privilegedPort: boolean): readonly string[] {
  const capability = privilegedPort ? 'CAP_NET_BIND_SERVICE' : '';
  return [
    `CapabilityBoundingSet=${capability}`,
    ...(privilegedPort ? [`AmbientCapabilities=${capability}`] : []),
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'PrivateDevices=yes',
    'ProtectClock=yes',
    'ProtectControlGroups=yes',
    'ProtectHostname=yes',
    'ProtectKernelLogs=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK',
    'RestrictNamespaces=yes',
    'RestrictRealtime=yes',
    'RestrictSUIDSGID=yes',
    'LockPersonality=yes',
    'SystemCallArchitectures=native',
    'SystemCallFilter=~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap',
    'SystemCallErrorNumber=EPERM',
    'UMask=0027',
  ];
}

function sections(all: readonly (readonly [string, ...string[]])[]): string {
  const texts = all.map(([name, ...lines]) => `[${name}]\n${lines.join('\n')}\n`);
  return `# Rendered by ensemble from the environment file; a change made here is lost at the next one.\n\n${texts.join('\n')}`;
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000);
}

/** systemd.service(5), "Command lines": `%` and `$` are its own, a word with other characters stands in quotes. */
function commandLine(words: readonly string[]): string {
  return words
    .map((word) => {
      const escaped = word.replaceAll('%', '%%').replaceAll('$', '$$$$');
      return /^[\w@%+=:,./-]+$/.test(word) ? escaped : `"${escaped.replace(/["\\]/g, '\\$&')}"`;
    })
    .join(' ');
}
