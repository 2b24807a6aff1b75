/** Every file on every machine, compared with the SHA-256 that its list names: what the renderers wrote, byte for byte. */
import { filesDiffer } from '../errors.ts';
import type { RehearsalStep } from '../rehearsal.ts';

export const filesStep: RehearsalStep = {
  id: 'files',
  title: 'Files',
  async run({ chosen, hosted: { hosts }, options: { timeoutMs } }) {
    const wrong = await Promise.all(
      chosen.map(async ({ node, list }) => {
        const sums = list.files.filter(({ late }) => !late).map(({ sha256, path }) => `${sha256}  ${path}`);
        const script = `sha256sum --quiet -c - <<'END'\n${sums.join('\n')}\nEND`;
        const { status, output } = await (await hosts.machine(node.id)).run(script, timeoutMs);
        const lines = output.trim().split('\n');
        return status === 0 ? [] : lines.map((line) => `${node.id}: ${line}`);
      }),
    );
    if (wrong.flat().length > 0) throw filesDiffer(wrong.flat());
    const files = chosen.flatMap(({ list }) => list.files);
    const late = files.filter((file) => file.late).length;
    return `${files.length - late} as they were rendered; ${late} more are completed on their machines, with their secrets`;
  },
};
