/** Reads a manifest file and those that it includes: with the connection's requests, the room's only contact with the world. */
import { readFile } from 'node:fs/promises';
import { manifestNotFound } from '../errors.ts';
import { type ManifestPolicy, parseManifest, type TopicsManifest } from './manifest.ts';
import { includedBy } from './manifest-file.ts';

/** Throws MANIFEST_NOT_FOUND, and DocumentError MANIFEST_INVALID with every fault, an included file that is not there among them. */
export async function loadManifest(file: string, policy: ManifestPolicy = {}): Promise<TopicsManifest> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw manifestNotFound(file, cause);
  });
  const texts = new Map([[file, text]]);
  const missing = new Set<string>();
  // The map grows while it is walked: files that are included include others.
  for (const [each, content] of texts) {
    for (const included of includedBy({ file: each, text: content })) {
      if (texts.has(included) || missing.has(included)) continue;
      const read = await readFile(included, 'utf8').catch(() => undefined);
      if (read === undefined) missing.add(included);
      else texts.set(included, read);
    }
  }
  return parseManifest({ file, text }, policy, texts);
}
