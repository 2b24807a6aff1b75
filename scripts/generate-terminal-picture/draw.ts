/**
 * A terminal's output as an SVG picture: text with ANSI colours in, a window with its lines out. Each run of text is pinned to its columns by its
 * textLength, so that tables stand straight in whichever monospaced font the reader has; no font is fetched. The window is dark on every page, with
 * a border that shows on dark ones.
 */
import Anser from 'anser';

/** Pixels: a column is 0.6 of the font's size, as in most monospaced fonts. */
const font = 13;
const column = 7.8;
const row = 19;
const margin = 22;
const bar = 34;

/** After GitHub's dark palette: each is readable on the window's ground. */
const palette: Readonly<Record<string, string>> = {
  'ansi-red': '#ff7b72',
  'ansi-green': '#56d364',
  'ansi-yellow': '#e3b341',
  'ansi-blue': '#79c0ff',
  'ansi-magenta': '#d2a8ff',
  'ansi-cyan': '#76e3ea',
  'ansi-white': '#f0f6fc',
  'ansi-bright-black': '#8b949e',
};

const styles = `<style>
  .window { fill: #0d1117; stroke: #484f58 }
  .bar { fill: #161b22 }
  text { font: ${font}px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; fill: #d7dde4; white-space: pre }
  .caption { fill: #8b949e }
  .bold { font-weight: 700; fill: #f0f6fc }
  .dim { fill: #8b949e }
${Object.entries(palette)
  .map(([name, colour]) => `  .${name} { fill: ${colour} }`)
  .join('\n')}
</style>`;

export interface TerminalPicture {
  /** Above the window's lines, and what a screen reader says first. */
  readonly title: string;
  /** With ANSI escapes; lines end with a line feed. */
  readonly text: string;
}

export function drawTerminal({ title, text }: TerminalPicture): string {
  const lines = text.trimEnd().split('\n');
  const columns = Math.max(...lines.map((line) => plain(line).length));
  const width = Math.ceil(columns * column + 2 * margin);
  const height = bar + 2 * margin + lines.length * row - (row - font);
  const drawn = lines.map((line, index) => drawLine(line, bar + margin + index * row + font - 2));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title words">
<title id="title">${escaped(title)}</title>
<desc id="words">${escaped(lines.map(plain).join('\n'))}</desc>
${styles}
<rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="9"/>
<path class="bar" d="M1 ${bar}V10a9 9 0 0 1 9 -9H${width - 10}a9 9 0 0 1 9 9V${bar}Z"/>
<circle cx="20" cy="17" r="5.5" fill="#ff5f57"/><circle cx="39" cy="17" r="5.5" fill="#febc2e"/><circle cx="58" cy="17" r="5.5" fill="#28c840"/>
<text class="caption" x="${width / 2}" y="21.5" text-anchor="middle">${escaped(title)}</text>
${drawn.filter((line) => line !== '').join('\n')}
</svg>
`;
}

function plain(line: string): string {
  return Anser.ansiToText(line);
}

/** Runs of one look, split where columns stand apart: a wide gap is a place, not text. */
function drawLine(line: string, y: number): string {
  let at = 0;
  return Anser.ansiToJson(line, { use_classes: true, remove_empty: true })
    .flatMap(({ content, fg, decorations }) => {
      const look = [...decorations, ...(typeof fg === 'string' ? [fg] : [])].join(' ');
      return content.split(/( {2,})/).map((part) => {
        const from = at;
        at += part.length;
        return part.trim() === '' ? '' : drawRun(part, { from, y, look });
      });
    })
    .join('');
}

function drawRun(part: string, { from, y, look }: { from: number; y: number; look: string }): string {
  const text = part.trim();
  const x = margin + (from + part.length - part.trimStart().length) * column;
  const named = look === '' ? '' : ` class="${look}"`;
  return `<text${named} x="${round(x)}" y="${y}" textLength="${round(text.length * column)}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

function round(value: number): number {
  return Number(value.toFixed(1));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
