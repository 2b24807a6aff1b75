/**
 * Synthesizing Terraform: `cdktf synth`'s program for every shipped environment, against the program of cdktf's TypeScript template as it is handed out
 * (one machine, the provider imported through its barrel, run by ts-node); and one
 * environment of up to a thousand workers, each in a process of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { compare, type Figure, Samples } from './figure.ts';
import { peakResidentMB } from './memory.ts';

const rounds = 3;
const sizes = [250, 500, 1_000] as const;

/** cdktf-cli 0.21, templates/typescript with the provider that its guide adds. */
const template = `import { Construct } from 'constructs';
import { App, TerraformStack } from 'cdktf';
import { instance, provider } from '@cdktf/provider-aws';

class MyStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    new provider.AwsProvider(this, 'AWS', { region: 'us-west-1' });
    new instance.Instance(this, 'compute', { ami: 'ami-01456a894f71116f2', instanceType: 't2.micro' });
  }
}

const app = new App();
new MyStack(app, 'aws_instance');
app.synth();
`;
const templateOptions = {
  module: 'CommonJS',
  moduleResolution: 'node',
  target: 'ES2018',
  strict: true,
  skipLibCheck: true,
};

/** One environment, and nothing else in the process. */
const many = `import { writeFileSync } from 'node:fs';
import { nodeArchives } from './artifacts/node-archives.ts';
import { ensureProgramArchives } from './artifacts/program-archives.ts';
import { loadEnvironment } from './cluster/load.ts';
import { resolveCluster } from './cluster/resolve.ts';
import { synthesize } from './stacks/synthesize.ts';
const { spec } = await loadEnvironment('production', 'environments');
const archives = nodeArchives(await ensureProgramArchives());
const cluster = resolveCluster({ ...spec, workers: { ...spec.workers, count: Number(process.env.BENCH_WORKERS) } });
const before = performance.now();
synthesize([cluster], { archives }, process.env.CDKTF_OUTDIR);
process.stdout.write(String(performance.now() - before));
`;

export const stacks: Figure = {
  name: 'stacks',
  async measure(progress) {
    const root = installationRoot();
    const work = await mkdtemp(join(tmpdir(), 'ensemble-bench-'));
    const stock = join(root, '.build', 'bench-stacks');
    await mkdir(stock, { recursive: true });
    await writeFile(join(stock, 'main.ts'), template);
    await writeFile(join(stock, 'package.json'), '{}\n');
    await writeFile(join(stock, 'tsconfig.json'), JSON.stringify({ compilerOptions: templateOptions }));
    const runner = [process.execPath, join(root, 'node_modules/ts-node/dist/bin.js'), 'main.ts'];
    const peer = 'stock template, ts-node and the barrel';
    const ours = [process.execPath, join(root, 'bin/synth.js')];
    const [wall, cpu] = [new Samples('ms'), new Samples('ms')];
    const [spent, grown, memory] = [new Samples('ms'), new Samples('ms'), new Samples('MB')];
    const env = { ...process.env, CDKTF_OUTDIR: join(work, 'out') };
    try {
      run(ours, root, env); // bundles our programs where a source changed
      for (let round = 1; round <= rounds; round += 1) {
        for (const [name, argv, cwd] of [
          ['every shipped environment', ours, root],
          [peer, runner, stock],
        ] as const) {
          const took = run(argv, cwd, env);
          wall.add(name, took.wallMs);
          cpu.add(`${name}, processor`, took.cpuMs);
        }
        progress(`round ${round} of ${rounds}`);
        for (const workers of sizes) {
          const { synthMs, peakMB } = await synthesizeMany(workers, root, env);
          spent.add(`${workers} workers`, synthMs);
          grown.add(`${workers} workers, a worker`, synthMs / workers);
          memory.add(`${workers} workers, peak resident`, peakMB);
        }
      }
    } finally {
      await rm(work, { recursive: true, force: true });
      await rm(stock, { recursive: true, force: true });
    }
    const last = `${sizes.at(-1)} workers`;
    return {
      figure: 'stacks',
      about:
        'Terraform synthesized: every shipped environment as a whole process, and environments/production.yaml with more workers.',
      samples: [
        ...wall.all(),
        ...cpu.all(),
        ...spent.all().map((sample) => (sample.name === last ? { ...sample, target: { atMost: 15_000 } } : sample)),
        ...grown.all(),
        ...memory
          .all()
          .map((sample) => (sample.name.startsWith(last) ? { ...sample, target: { atMost: 600 } } : sample)),
      ],
      comparisons: [
        compare(
          'every shipped environment / stock template',
          wall.get('every shipped environment'),
          wall.get(peer),
          0.2,
        ),
        compare(
          'the same, by processor time',
          cpu.get('every shipped environment, processor'),
          cpu.get(`${peer}, processor`),
          0.2,
        ),
        compare(
          'a worker among 1000 / a worker among 250 (1 is linear)',
          grown.get('1000 workers, a worker'),
          grown.get('250 workers, a worker'),
        ),
      ],
      notes: [
        'The stock template makes one machine; ours two environments with everything in them. Our programs are bundled before the clock runs, as a second synthesis finds them.',
      ],
    };
  },
};

/** A whole process; its processor time is what node says of children that ended, since a busy machine's clock says little. */
function run(
  argv: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): { readonly wallMs: number; readonly cpuMs: number } {
  const [command = '', ...args] = argv;
  const timed = `times=$( { TIMEFORMAT='%U %S'; time "$@" >/dev/null 2>"$0"; } 2>&1 ) && echo "$times"`;
  const log = join(env.CDKTF_OUTDIR ?? '.', '..', 'log');
  const before = performance.now();
  const { status, stdout } = spawnSync('bash', ['-c', timed, log, command, ...args], { cwd, env, encoding: 'utf8' });
  const wallMs = performance.now() - before;
  if (status !== 0) throw new Error(`${argv.join(' ')} failed: see ${log}`);
  const cpuMs = stdout
    .trim()
    .split(' ')
    .reduce((sum, seconds) => sum + Number(seconds) * 1_000, 0);
  return { wallMs, cpuMs };
}

async function synthesizeMany(
  workers: number,
  root: string,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly synthMs: number; readonly peakMB: number }> {
  let written = '';
  const peakMB = await peakResidentMB(
    (onStart) =>
      new Promise<void>((resolve, reject) => {
        const args = ['--import', 'tsx', '--input-type=module', '-e', many];
        const child = spawn(process.execPath, args, {
          cwd: root,
          env: { ...env, BENCH_WORKERS: String(workers) },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        if (child.pid !== undefined) onStart(child.pid);
        child.stdout.on('data', (chunk: Buffer) => {
          written += chunk.toString();
        });
        child.on('error', reject);
        child.on('close', (code) =>
          code === 0 ? resolve() : reject(new Error(`${workers} workers: ended with ${code}`)),
        );
      }),
  );
  return { synthMs: Number(written), peakMB };
}
