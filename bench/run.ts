/** `npm run bench [name...]`: measures figures, writes bench/results/NAME.json, and bench/README.md from all results that are there. */
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { installationRoot } from '../platform/installation-root.ts';
import { api } from './api.ts';
import { chaosCheck } from './chaos-check.ts';
import { chaosFailover } from './chaos-failover.ts';
import { chaosRecorder } from './chaos-recorder.ts';
import { command } from './command.ts';
import type { Figure } from './figure.ts';
import { formatResults, type Result } from './format.ts';
import { hosts } from './hosts.ts';
import { idleSubscriptions } from './idle-subscriptions.ts';
import { pushDeliveries } from './push-deliveries.ts';
import { resolveRender } from './resolve-render.ts';
import { stacks } from './stacks.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { topicsApply } from './topics-apply.ts';
import { topicsMemory } from './topics-memory.ts';
import { topicsPlan } from './topics-plan.ts';
import { topicsShell } from './topics-shell.ts';

const figures: readonly Figure[] = [
  start,
  stop,
  resolveRender,
  command,
  topicsApply,
  topicsPlan,
  topicsMemory,
  topicsShell,
  api,
  idleSubscriptions,
  pushDeliveries,
  stacks,
  chaosCheck,
  chaosRecorder,
  chaosFailover,
  hosts,
];
const folder = join(installationRoot(), 'bench');
const results = join(folder, 'results');

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !figures.some((figure) => figure.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no figure ${unknown.join(', ')}; there are ${figures.map(({ name }) => name).join(', ')}\n`);
  process.exit(1);
}

await mkdir(results, { recursive: true });
for (const figure of figures.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
  process.stderr.write(`${figure.name}\n`);
  const report = await figure.measure((line) => process.stderr.write(`  ${line}\n`));
  const result: Result = { ...report, ...circumstances(figure.name) };
  await writeFile(join(results, `${figure.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`${formatResults([result])}\n`);
}
const names = figures.map(({ name }) => `${name}.json`);
const present = (await readdir(results)).filter((name) => names.includes(name));
present.sort((a, b) => names.indexOf(a) - names.indexOf(b));
const all = await Promise.all(present.map(async (name) => JSON.parse(await readFile(join(results, name), 'utf8'))));
await writeFile(
  join(folder, 'README.md'),
  `${await readFile(join(folder, 'preface.md'), 'utf8')}\n${formatResults(all)}`,
);

function circumstances(name: string): Omit<Result, keyof Awaited<ReturnType<Figure['measure']>>> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', installationRoot(), ...args], { encoding: 'utf8' }).trim();
  const [first] = cpus();
  return {
    date: new Date().toISOString().slice(0, 16),
    commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : ', with changes'}`,
    command: `npm run bench ${name}`,
    machine: `${cpus().length} × ${first?.model.trim() ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${release().split('-')[0]}, Node ${process.versions.node}`,
  };
}
