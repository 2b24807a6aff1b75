/**
 * A fake of what stands between Systems Manager and a node, for tests: moto answers a command with a canned success, so this answers instead. It runs the
 * script that a command carries, by the machine's own sh, in a folder for each instance, with stand-ins for systemctl, journalctl and ensemble-node on its
 * PATH. So the texts of drivers/aws are truly run; systemd, the agent and AWS's delivery are not here, and nothing is proved of them.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShimRequest } from '../../drivers/local-aws/shim.ts';
import { nodeScript } from '../../provision/unit.ts';

export interface FakeAgentsOptions {
  /** What a machine is given to run, of what was sent. */
  readonly scriptOf?: (instance: string, script: string) => Promise<string>;
}

export interface FakeAgents {
  /** For startShim. */
  answer(asked: ShimRequest): Promise<{ readonly status: number; readonly body: string } | undefined>;
  /** Makes the folder of an instance, whose agent answers from now on. */
  add(instance: string): Promise<void>;
  /** Its agent is away. */
  remove(instance: string): void;
  folderOf(instance: string): string;
  /** Every script that was run, in order. */
  readonly scripts: readonly string[];
}

/** Units are files with their state; `fail-<verb>` beside them makes a verb fail. */
const systemctl = `#!/bin/sh
while [ "\${1#-}" != "$1" ]; do shift; done
verb=$1; shift
echo "$verb $*" >>calls
case $verb in
is-active) shift; grep -qx active "units/$1" ;;
show)
  property=$2; unit=$4
  case $property in ActiveState) cat "units/$unit" 2>/dev/null || echo inactive ;; Result) cat "results/$unit" 2>/dev/null || echo success ;; esac ;;
start | restart) [ ! -e "fail-start" ] || exit 1; echo active >"units/$1" ;;
stop) [ ! -e "fail-stop" ] || exit 1; echo inactive >"units/$1" ;;
kill) case $2 in KILL) echo inactive ;; STOP) echo paused ;; *) echo active ;; esac >"units/$3"; rm -f fail-stop ;;
reload) [ ! -e "fail-reload" ] || exit 1 ;;
reset-failed) : ;;
*) exit 64 ;;
esac
`;
const journalctl = `#!/bin/sh
unit=$2
case " $* " in
*after-cursor*) cat "log-more/$unit" 2>/dev/null; rm -f "log-more/$unit" ;;
*" -n 0 "*) : ;;
*) cat "log/$unit" 2>/dev/null ;;
esac
case " $* " in *show-cursor*) echo "-- cursor: s=1;i=2" ;; esac
`;
const ensembleNode = `#!/bin/sh
echo "$*" >>node-calls
case $1 in
report) cat report ;;
apply) [ ! -e fail-apply ] || { echo 'the list is not to be had' >&2; exit 1; } ;;
started) : ;;
esac
`;

export function fakeAgents(folder: string, { scriptOf }: FakeAgentsOptions = {}): FakeAgents {
  const online = new Set<string>();
  const outcomes = new Map<string, Promise<object>>();
  const scripts: string[] = [];
  let sent = 0;
  const folderOf = (instance: string) => join(folder, instance);

  async function run(instance: string, sent: string): Promise<object> {
    const cwd = folderOf(instance);
    const script = scriptOf === undefined ? sent : await scriptOf(instance, sent);
    // The one absolute path of a node's own program.
    const text = script.replaceAll(nodeScript, join(cwd, 'bin', 'ensemble-node'));
    return await new Promise((resolve) => {
      const env = { ...process.env, PATH: `${join(cwd, 'bin')}:${process.env.PATH ?? ''}` };
      execFile('sh', ['-c', text], { cwd, env, timeout: 120_000 }, (error, stdout, stderr) => {
        const ResponseCode = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        const Status = ResponseCode === 0 ? 'Success' : 'Failed';
        const output = { StandardOutputContent: stdout.slice(0, 24_000), StandardErrorContent: stderr };
        resolve({ Status, StatusDetails: Status, ResponseCode, ...output });
      });
    });
  }

  return {
    scripts,
    folderOf,
    remove: (instance) => void online.delete(instance),
    async add(instance) {
      online.add(instance);
      for (const each of ['bin', 'units', 'results', 'log', 'log-more'])
        await mkdir(join(folderOf(instance), each), { recursive: true });
      for (const [name, text] of Object.entries({ systemctl, journalctl, 'ensemble-node': ensembleNode })) {
        const path = join(folderOf(instance), 'bin', name);
        await writeFile(path, text);
        await chmod(path, 0o755);
      }
    },
    async answer({ headers, body }) {
      const target = String(headers['x-amz-target'] ?? '');
      const reply = (value: object) => ({ status: 200, body: JSON.stringify(value) });
      if (target === 'AmazonSSM.DescribeInstanceInformation') {
        const InstanceInformationList = [...online].map((InstanceId) => ({ InstanceId, PingStatus: 'Online' }));
        return reply({ InstanceInformationList });
      }
      if (target === 'AmazonSSM.SendCommand') {
        const { InstanceIds, Parameters }: { InstanceIds: string[]; Parameters: { commands: string[] } } =
          JSON.parse(body);
        sent += 1;
        const CommandId = `00000000-0000-0000-0000-${String(sent).padStart(12, '0')}`;
        const script = Parameters.commands.join('\n');
        scripts.push(script);
        for (const instance of InstanceIds) outcomes.set(`${CommandId}/${instance}`, run(instance, script));
        return reply({ Command: { CommandId } });
      }
      if (target === 'AmazonSSM.GetCommandInvocation') {
        const { CommandId, InstanceId }: { CommandId: string; InstanceId: string } = JSON.parse(body);
        const outcome = await outcomes.get(`${CommandId}/${InstanceId}`);
        return reply({ CommandId, InstanceId, ...outcome });
      }
      return undefined;
    },
  };
}
