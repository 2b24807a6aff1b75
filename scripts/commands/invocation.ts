/** One run of a command: its options parsed, Ctrl-C as an abort signal, errors as text or JSON with their exit status. */
import { setMaxListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { DeploymentOptions } from '../../operations/deployment.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import type { CommandSpec } from '../command-line.ts';
import { isInterruption, reportError } from '../present/errors.ts';
import { outliveReaders, printNotice } from '../present/terminal.ts';

export interface Invocation {
  readonly positional: readonly string[];
  readonly options: CommandOptions;
  readonly deployment: DeploymentOptions;
  readonly signal: AbortSignal;
  /** Aborted once nobody reads standard output any more: a command that only prints ends then. */
  readonly readerGone: AbortSignal;
  /** Says that another command works on the environment, and that this one waits. */
  readonly onWaitForLock: (pid: number) => void;
}

const optionsSchema = z.object({
  environment: z.string(),
  state: z.string(),
  json: z.boolean().default(false),
  yes: z.boolean().default(false),
  purge: z.boolean().default(false),
  follow: z.boolean().default(false),
  verify: z.boolean().default(false),
  messages: z.boolean().default(true),
  lines: z.number().default(50),
  service: z.string().optional(),
  from: z.array(z.string()).default([]),
  delayMs: z.number().optional(),
  environmentGiven: z.boolean(),
  bootstrap: z.string().optional(),
  commandConfig: z.string().optional(),
  manifest: z.string().optional(),
  markdown: z.boolean().default(false),
  out: z.string().optional(),
  outputs: z.string().optional(),
  pluginDir: z.string().optional(),
  until: z.string().optional(),
  /** In seconds. */
  wait: z.number().default(300),
  force: z.boolean().default(false),
  continue: z.boolean().default(false),
  keep: z.boolean().default(false),
  mend: z.boolean().default(false),
  pruneConfigs: z.boolean().default(false),
  allowDelete: z.boolean().default(false),
  /** Bytes a second. */
  throttle: z.union([z.number(), z.literal('unlimited')]).optional(),
  include: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  /** In seconds, as a person gives it. */
  window: z.number().default(30),
  target: z.number().optional(),
  headroom: z.number().default(2),
  partitionRate: z.number().optional(),
  memberRate: z.number().optional(),
  sample: z.number().default(20_000),
  write: z.boolean().default(false),
  watch: z.boolean().default(false),
  only: z.array(z.string()).default([]),
  restart: z.boolean().default(false),
  plan: z.boolean().default(false),
  driver: z.enum(['processes', 'hosts', 'aws']).optional(),
  seed: z.number().optional(),
  runs: z.number().optional(),
  again: z.number().optional(),
  junit: z.string().optional(),
  html: z.string().optional(),
  long: z.boolean().default(false),
  fresh: z.boolean().default(false),
  import: z.string().optional(),
  export: z.string().optional(),
  /** In seconds, as a person gives it. */
  timeout: z.number().default(120),
});

export type CommandOptions = Readonly<z.output<typeof optionsSchema>>;

export async function invoke(
  load: () => Promise<(invocation: Invocation) => Promise<number>>,
  positional: readonly string[],
  raw: Readonly<Record<string, unknown>>,
  { onInterrupt, errorStatus }: Pick<CommandSpec, 'onInterrupt' | 'errorStatus'>,
): Promise<number> {
  const readerGone = outliveReaders();
  const options = optionsSchema.parse(raw);
  const interruption = interruptible();
  try {
    const handler = await load();
    return await handler({
      positional,
      options,
      deployment: {
        environment: options.environment,
        environmentsDirectory: environmentsDirectory(),
        stateRoot: resolve(options.state),
        onProgress: printNotice,
        signal: interruption.signal,
      },
      signal: interruption.signal,
      readerGone,
      onWaitForLock: (pid) =>
        printNotice(`another ensemble command (pid ${pid}) works on this environment; waiting for it`),
    });
  } catch (error) {
    const interrupted = interruption.signal.aborted;
    const status = reportError(error, { json: options.json, interrupted, onInterrupt });
    return isInterruption(error, interrupted) ? status : (errorStatus ?? status);
  } finally {
    interruption.end();
  }
}

/** The working folder's own environments first, else those that ship with ensemble. */
function environmentsDirectory(): string {
  const own = resolve('environments');
  return existsSync(own) ? own : join(installationRoot(), 'environments');
}

/** The first Ctrl-C (TERM, or a terminal that goes away) asks the command to stop and clean up; the second ends it at once. */
function interruptible(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  // Each request under way listens to it: many at once are no leak.
  setMaxListeners(0, controller.signal);
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    printNotice('stopping; once more to stop at once');
    controller.abort();
  };
  for (const name of names) process.on(name, onSignal);
  const end = () => {
    for (const name of names) process.off(name, onSignal);
  };
  return { signal: controller.signal, end };
}
