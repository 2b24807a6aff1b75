/**
 * What a service on a node was started with: the node keeps the list of that moment (`ensemble-node started`) and the objects that it names, which are
 * rendered text with markers for late values, so that no secret is asked for. From that and what the bucket has now follows what a restart would change.
 */
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { type Difference, differenceOf, type Reading, readingOf, unknownDifference } from '../../cluster/readings.ts';
import type { RenderedService } from '../../cluster/render.ts';
import { type LateText, readLateTemplate } from '../../contracts/late.ts';
import { nodeScript } from '../../provision/unit.ts';

const readShape = z.object({
  /** Of the service in the list that it was started with. */
  digest: z.string(),
  files: z.array(
    z.object({
      path: z.string(),
      sha256: z.string(),
      late: z.boolean(),
      /** Null where it was too much for one answer, or is gone. */
      text: z.string().nullable(),
    }),
  ),
});

export type ServiceRead = z.output<typeof readShape>;

/** Where provision/script/node.sh keeps them. */
const nodeFolders = { state: '/var/lib/ensemble-node', run: '/run/ensemble-node' } as const;
/** SSM keeps 24,000 characters of an answer. */
const keptCharacters = 23_000;

/** @param paths by service: files, and folders with all that is below them; those that are not on the node are no fault. */
export function readingsScript(paths: ReadonlyMap<string, readonly string[]>): string {
  const asked = Buffer.from(JSON.stringify(Object.fromEntries(paths))).toString('base64');
  return `python3 - ${asked} <<'END'
import base64, gzip, json, sys
said = {}
for service, paths in json.loads(base64.b64decode(sys.argv[1])).items():
    try:
        with open("${nodeFolders.run}/lists/" + service) as file:
            lines = [line.split() for line in file]
    except OSError:
        continue
    files = []
    for line in lines:
        if line[0] not in ("file", "late") or not any(line[5] == path or line[5].startswith(path + "/") for path in paths):
            continue
        try:
            with open("${nodeFolders.state}/objects/" + line[1]) as file:
                text = file.read()
        except (OSError, ValueError):
            text = None
        files.append({"path": line[5], "sha256": line[1], "late": line[0] == "late", "text": text})
    digest = next((line[3] for line in lines if line[:2] == ["service", service]), "")
    said[service] = {"digest": digest, "files": files}
while True:
    packed = base64.b64encode(gzip.compress(json.dumps(said).encode())).decode()
    texts = [file for each in said.values() for file in each["files"] if file["text"] is not None]
    if len(packed) < ${keptCharacters} or not texts:
        break
    max(texts, key=lambda file: len(file["text"]))["text"] = None
print("readings " + packed)
END`;
}

/** By service; empty where the node says nothing that can be read. */
export function parseReadings(output: string): ReadonlyMap<string, ServiceRead> {
  const [, packed] = /^readings (\S+)$/m.exec(output) ?? [];
  if (packed === undefined) return new Map();
  try {
    const said: unknown = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'));
    return new Map(Object.entries(z.record(z.string(), readShape).parse(said)));
  } catch {
    return new Map();
  }
}

/** What the bucket has now. */
export interface ServiceNow {
  readonly rendered: RenderedService;
  /** By path, of every file of the node's list. */
  readonly hashes: ReadonlyMap<string, string>;
  /** Its own unit: where, and the text. */
  readonly unit: { readonly path: string; readonly text: string };
}

/**
 * Never undefined: that something differs is known from the digests. Where nothing does that the service acts on (a comment, a mode), there are no files
 * in it.
 */
export function differenceSince(ran: ServiceRead, { rendered, hashes, unit }: ServiceNow): Difference {
  const now = readingOf(rendered);
  const texts = new Map(rendered.files.map(({ path, text }) => [path, text]));
  const forJobs = new Set(rendered.files.filter((file) => file.forJobs === true).map(({ path }) => path));
  const isSame = ({ path, sha256 }: ServiceRead['files'][number]) => hashes.get(path) === sha256;
  // Its unit and its class path are its command line; they are rendered where nodes are made, not with the service.
  const [beside, own] = [
    ran.files.filter(({ path }) => isBeside(path, unit.path)),
    ran.files.filter(({ path }) => !isBeside(path, unit.path) && !forJobs.has(path)),
  ];
  const command = beside.some(
    (file) => !isSame(file) && !(file.path === unit.path && startOf(file.text ?? '') === startOf(unit.text)),
  );
  let files: Reading['files'];
  try {
    files = own.map((file) => ({ path: file.path, text: (isSame(file) ? texts.get(file.path) : textOf(file)) ?? [] }));
  } catch {
    return unknownDifference;
  }
  const reading = { command: command ? '' : now.command, files };
  const difference = differenceOf(reading, rendered) ?? { known: true, command: false, files: [] };
  const lost = new Set(own.filter((file) => file.text === null && !isSame(file)).map(({ path }) => path));
  return {
    ...difference,
    files: difference.files.map((file) => (lost.has(file.path) ? { ...file, before: undefined } : file)),
  };
}

function isBeside(path: string, unit: string): boolean {
  return path === unit || path.endsWith('/class-path.options');
}

function textOf({ late, text }: ServiceRead['files'][number]): LateText {
  if (text === null) return [];
  return late ? readLateTemplate(text) : [text];
}

/** A unit without what its jobs alone are, as the digest has it: their commands before the start, and the time that they get. */
function startOf(unit: string): string {
  return unit
    .split('\n')
    .filter((line) => !line.startsWith('ExecStartPre=') || line.startsWith(`ExecStartPre=+${nodeScript}`))
    .filter((line) => !line.startsWith('TimeoutStartSec=') && !line.startsWith('#'))
    .join('\n');
}
