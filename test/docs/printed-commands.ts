/**
 * Commands that a guide prints, and the answers that it prints below them: read from its Markdown, and compared with what came. A `bash` block is run; a block of
 * another kind (`text`, `json`) right after it is what it prints, with … for what differs from run to run: within a line any words, alone on a line any lines.
 */

export interface PrintedCommand {
  /** Of the fence, from 1. */
  readonly line: number;
  readonly command: string;
  /** Undefined: the guide shows none, and any will do. */
  readonly output: string | undefined;
}

const fence = /^```(\w+)\n([\s\S]*?)^```$/gm;

export function printedCommands(text: string): readonly PrintedCommand[] {
  const blocks = [...text.matchAll(fence)].map(({ 0: whole, 1: language = '', 2: body = '', index }) => ({
    language,
    body,
    index,
    end: index + whole.length,
  }));
  return blocks.flatMap(({ language, body, index, end }, number) => {
    if (language !== 'bash') return [];
    const next = blocks[number + 1];
    const isOutput =
      next !== undefined && ['text', 'json'].includes(next.language) && text.slice(end, next.index).trim() === '';
    const line = text.slice(0, index).split('\n').length;
    return [{ line, command: body, output: isOutput ? next.body : undefined }];
  });
}

/** Undefined where they agree; else what differs, for a person. */
export function outputFault(printed: string, came: string): string | undefined {
  const pattern = printed
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[^]*?' : line.trimEnd().split('…').map(escaped).join('.*?')))
    .join('\\n');
  const tidy = came
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd();
  return new RegExp(`^${pattern}$`).test(tidy) ? undefined : `printed:\n${printed}\ncame:\n${came}`;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}

export interface CommandResult {
  readonly status: number;
  readonly output: string;
}

/** One shell script of all commands, so that a later one has an earlier one's variables; and how to tell its output apart again. */
export function guideScript(
  commands: readonly PrintedCommand[],
  mark: string,
): { readonly script: string; split(output: string): readonly CommandResult[] } {
  return {
    script: commands.map(({ command }) => `${command}\nprintf '\\n%s %s\\n' '${mark}' "$?"\n`).join(''),
    split: (output) => {
      const parts = output.split(new RegExp(`\\n${mark} (\\d+)\\n`));
      return commands.map((_, index) => ({
        output: parts[2 * index] ?? '',
        status: Number(parts[2 * index + 1] ?? -1),
      }));
    },
  };
}
