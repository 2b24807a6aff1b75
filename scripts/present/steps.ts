/** Shows an operation's steps as they run: a live list on a terminal, plain lines elsewhere, lines on standard error beside `--json`. */
import type { Step } from '../../operations/step.ts';
import { paint } from './colour.ts';
import { formatMs, printNotice } from './terminal.ts';

export type StepRunner = <Context>(
  steps: readonly Step<Context>[],
  context: Context,
  signal: AbortSignal,
) => Promise<void>;

/** Whether steps are drawn as a list that changes in place. */
export function isLive({ json }: { readonly json: boolean }): boolean {
  return !json && process.stdout.isTTY === true;
}

export function stepRunner({ json }: { readonly json: boolean }): StepRunner {
  if (json) return plainRunner(printNotice);
  return isLive({ json }) ? liveRunner : plainRunner((line) => process.stdout.write(`${line}\n`));
}

/** So that a log shows that a step of minutes goes on. */
const plainProgressMs = 10_000;

function plainRunner(print: (line: string) => void): StepRunner {
  return async (steps, context, signal) => {
    for (const step of steps) {
      signal.throwIfAborted();
      const before = performance.now();
      let shown = before;
      const report = (progress: string) => {
        if (performance.now() - shown < plainProgressMs) return;
        shown = performance.now();
        print(`${step.title}: ${progress}`);
      };
      const outcome = await step.run(context, report, signal).catch((error: unknown) => {
        print(`${step.title}: failed after ${formatMs(performance.now() - before)}`);
        throw error;
      });
      print(`${step.title}: ${outcome} (${formatMs(performance.now() - before)})`);
    }
  };
}

/** listr2 is loaded only where it draws: it is most of what a start of this command would cost. */
const liveRunner: StepRunner = async (steps, context, signal) => {
  const { Listr } = await import('listr2');
  const list = new Listr(
    steps.map((step) => ({
      title: step.title,
      task: async (_: unknown, task: { title: string; output: string }) => {
        signal.throwIfAborted();
        const before = performance.now();
        const outcome = await step.run(context, (progress) => (task.output = progress), signal);
        task.title = `${step.title}  ${paint.dim(`${outcome}, ${formatMs(performance.now() - before)}`)}`;
      },
    })),
    // The command itself answers Ctrl-C: it aborts the signal, and the operation undoes what it started.
    { registerSignalListeners: false, rendererOptions: { collapseErrors: true, showErrorMessage: false } },
  );
  await list.run();
};
