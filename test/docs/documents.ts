/** What the documents say that a machine can check: commands and their options, exit statuses, links. Faults are values, a sentence each. */
import { posix } from 'node:path';

export interface Document {
  /** From the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** By a command's words (`up`, `topics plan`), its help. The root's own is under '', that of a script under how it is run. */
export type Helps = ReadonlyMap<string, string>;

/** Code fences, indented blocks, and words between backticks. */
function codeIn(text: string): readonly string[] {
  const blocks = text.split('\n').filter((line) => line.startsWith('    '));
  const fenced = [...text.matchAll(/^```.*\n([\s\S]*?)^```/gm)].flatMap(([, body = '']) => body.split('\n'));
  const spans = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return [...blocks, ...fenced, ...spans];
}

/** Every command line `ensemble …` that is not one of ours, or that has an option which its help does not name. */
export function commandFaults({ path, text }: Document, helps: Helps): readonly string[] {
  return codeIn(text).flatMap((line) => {
    const [, script, given] = /^\s*(?:- )?(?:(npm run create-topics --)|(?:npx )?ensemble)\s+(\S.*)$/.exec(line) ?? [];
    if (given === undefined || /^[A-Z[<]/.test(given)) return []; // a placeholder: `ensemble COMMAND --help`
    if (script === undefined && given.startsWith('-')) return []; // an option of its own
    const words = given.split(/\s+/);
    const name = script ?? [3, 2, 1].map((count) => words.slice(0, count).join(' ')).find((known) => helps.has(known));
    if (name === undefined) return [`${path}: \`ensemble ${given}\` is no command`];
    const help = helps.get(name) ?? '';
    const unknown = words.filter(
      (word) => /^--?[a-z]/.test(word) && !new RegExp(`(^|[\\s,])${word}\\b`, 'm').test(help),
    );
    return unknown.map((option) => `${path}: \`ensemble ${name}\` has no option ${option}`);
  });
}

/** The lines of a help below "Exit statuses:". */
export function statusesOf(help: string): readonly string[] {
  const [, below = ''] = help.split('Exit statuses:\n');
  return below.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
}

/** A table whose rows are "| `ensemble up` | 0 … · 1 … |": every command with exit statuses has its row, and each row says what the help says. */
export function statusFaults({ path, text }: Document, every: Helps): readonly string[] {
  const helps = new Map([...every].filter(([name]) => !name.startsWith('npm ')));
  const rows = new Map(
    [...text.matchAll(/^\| `ensemble ([a-z ]+)` \| (\d .*) \|$/gm)].map(([, name = '', said = '']) => [name, said]),
  );
  const expected = new Map(
    [...helps].flatMap(([name, help]): [string, string][] => {
      const statuses = statusesOf(help);
      return statuses.length === 0 ? [] : [[name, statuses.join(' · ')]];
    }),
  );
  const names = [...new Set([...rows.keys(), ...expected.keys()])];
  return names.flatMap((name) => {
    const [said, meant] = [rows.get(name), expected.get(name)];
    return said === meant
      ? []
      : [`${path}: exit statuses of \`ensemble ${name}\`: ${said ?? 'nothing'}; its help: ${meant ?? 'nothing'}`];
  });
}

/** Links to files that are not there, and to headings that their file does not have. `files` maps each path of the tree to its text. */
export function linkFaults({ path, text }: Document, files: ReadonlyMap<string, string>): readonly string[] {
  const bare = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, '');
  return [...bare.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = '']) => {
    if (/^[a-z]+:/.test(target)) return []; // another site
    const [file = '', heading] = target.split('#');
    const found = file === '' ? path : posix.join(posix.dirname(path), file);
    const content = files.get(found);
    if (content === undefined) return [`${path}: the link ${target} leads nowhere`];
    const known = heading === undefined || anchorsOf(content).has(heading);
    return known ? [] : [`${path}: ${found} has no heading #${heading}`];
  });
}

/** As GitHub makes them: lower case, hyphens for spaces, other signs dropped. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replace(/ /g, '-'),
    ),
  );
}
