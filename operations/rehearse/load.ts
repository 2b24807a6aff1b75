/** A producer's load for as long as a rehearsal changes things: starts the program inside the machines' network, hears it, and ends it with its report. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { HostsLayout } from '../../drivers/hosts/layout.ts';
import { seated } from '../../drivers/hosts/seat.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { loadFailed } from './errors.ts';
import { type LoadReport, loadReportShape } from './load-report.ts';

export interface Load {
  /** Its own, which nobody wrote to before. */
  readonly topic: string;
  /** Of its topic. */
  readonly replicas: number;
  /** So far. */
  acknowledged(): number;
  /** Until so many more are acknowledged. @throws EnsembleError OPERATIONS_REHEARSE_LOAD_FAILED, and the signal's reason */
  advance(more: number, signal: AbortSignal): Promise<void>;
  /** Writes no more, reads everything back. @throws EnsembleError OPERATIONS_REHEARSE_LOAD_FAILED */
  stop(): Promise<LoadReport>;
  /** At once, without a report. */
  end(): void;
}

export interface LoadOptions {
  readonly bootstrap: readonly string[];
  readonly topic: string;
  readonly replicas: number;
}

const lineShape = z.union([z.strictObject({ acknowledged: z.int() }), z.strictObject({ report: loadReportShape })]);
const advanceMs = 120_000;
const stopMs = 240_000;
const pollMs = 200;
const keptCharacters = 20_000;

export async function startLoad(layout: HostsLayout, { bootstrap, topic, replicas }: LoadOptions): Promise<Load> {
  const loader = pathToFileURL(createRequire(join(installationRoot(), 'package.json')).resolve('tsx')).href;
  const program = join(installationRoot(), 'operations', 'rehearse', 'load-program.ts');
  const own = [process.execPath, '--import', loader, program, bootstrap.join(','), topic, String(replicas)];
  const [command = '', ...args] = await seated(layout, own);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  let acknowledged = 0;
  let report: LoadReport | undefined;
  let said = '';
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const heard = heardIn(line);
      if (heard === undefined) said = `${said}${line}\n`.slice(-keptCharacters);
      else if ('report' in heard) report = heard.report;
      else acknowledged = heard.acknowledged;
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-keptCharacters);
  });
  child.on('error', (error) => {
    said = `${said}${error.message}\n`;
  });
  const failed = (why: string) => loadFailed(why, said.trimEnd().split('\n'));
  return {
    topic,
    replicas,
    acknowledged: () => acknowledged,
    async advance(more, signal) {
      const wanted = acknowledged + more;
      const deadline = performance.now() + advanceMs;
      while (acknowledged < wanted) {
        if (hasEnded(child)) throw failed('the producer has ended');
        if (performance.now() > deadline) throw failed(`the producer got no further than ${acknowledged}`);
        await delay(pollMs, undefined, { signal });
      }
    },
    async stop() {
      const ended = hasEnded(child) ? Promise.resolve() : once(child, 'close');
      child.stdin.end();
      const limit = setTimeout(() => child.kill('SIGKILL'), stopMs);
      await ended;
      clearTimeout(limit);
      if (report === undefined) throw failed('the producer ended without a report');
      return report;
    },
    end: () => void child.kill('SIGKILL'),
  };
}

/** Undefined for a line of something else, which is kept for whoever reads why it failed. */
function heardIn(line: string): z.output<typeof lineShape> | undefined {
  try {
    return lineShape.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  // Without a pid it never began.
  return pid === undefined || exitCode !== null || signalCode !== null;
}
