/** A small valid environment, written as a person would, and what tests change in it. */
import { parseEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import { resolveCluster } from '../../cluster/resolve.ts';
import { DocumentError, formatFault } from '../../documents/fault.ts';

/** Line numbers in tests are those of this text. */
export const smallEnvironment = `name: small
target: local
zones: [a, b, c]
tolerate: 1
masters:
  count: 3
  machine: { memoryMiB: 2048, cpus: 2 }
  volumeGiB: 2
workers:
  count: 3
  machine: { memoryMiB: 4096, cpus: 2 }
  volumeGiB: 5
topics: topics.yaml
`;

/** Replaces each text, which must be there, by the other. */
export function change(changes: Readonly<Record<string, string>>, text = smallEnvironment): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`the environment has no ${JSON.stringify(from)}`);
    return changed.replace(from, to);
  }, text);
}

/** The same for AWS: a region with its zones, and machine types of the same sizes. */
export function inAws(text = smallEnvironment): string {
  return change(
    {
      'target: local\n': 'target: aws\nregion: eu-west-1\naws: { account: "123456789012" }\n',
      '[a, b, c]': '[eu-west-1a, eu-west-1b, eu-west-1c]',
      '{ memoryMiB: 2048, cpus: 2 }': 't3.small',
      '{ memoryMiB: 4096, cpus: 2 }': 't3.medium',
    },
    text,
  );
}

export function clusterOf(text: string): Cluster {
  return resolveCluster(parseEnvironment({ file: 'e.yaml', text }));
}

/** Every fault as a person sees it; none for a valid environment. */
export function faultsOf(text: string): readonly string[] {
  try {
    parseEnvironment({ file: 'e.yaml', text });
    return [];
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error;
    return error.faults.map(formatFault);
  }
}
