/** Reads a manifest file: with the connection's requests, the room's only contact with the world. */
import { readFile } from 'node:fs/promises';
import { manifestNotFound } from './errors.ts';
import { type ManifestPolicy, parseManifest, type TopicsManifest } from './manifest.ts';

/** Throws MANIFEST_NOT_FOUND, and DocumentError MANIFEST_INVALID with every fault. */
export async function loadManifest(file: string, policy: ManifestPolicy = {}): Promise<TopicsManifest> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw manifestNotFound(file, cause);
  });
  return parseManifest({ file, text }, policy);
}
