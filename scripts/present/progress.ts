/** One line that is written over itself on a terminal, and a line every ten seconds elsewhere, so that a pipeline's log shows that work goes on. */

export interface ProgressState {
  /** 0 to 1. */
  readonly share: number;
  readonly words: string;
}

export interface ProgressLine {
  show(state: ProgressState): void;
  end(): void;
}

const barWidth = 24;
const plainIntervalMs = 10_000;

export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  return stream.isTTY ? liveLine(stream) : plainLine(stream);
}

function liveLine(stream: NodeJS.WriteStream): ProgressLine {
  let shown = false;
  return {
    show({ share, words }) {
      const filled = Math.round(Math.min(1, Math.max(0, share)) * barWidth);
      const line = `${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)} ${words}`;
      stream.write(`\r\u001b[2K${line.slice(0, Math.max(1, stream.columns - 1))}`);
      shown = true;
    },
    end() {
      if (shown) stream.write('\r\u001b[2K');
    },
  };
}

function plainLine(stream: NodeJS.WriteStream): ProgressLine {
  let lastMs = performance.now();
  return {
    show({ words }) {
      if (performance.now() - lastMs < plainIntervalMs) return;
      lastMs = performance.now();
      stream.write(`${words}\n`);
    },
    end() {},
  };
}
