/** What an environment names by a place and a hash, as its bucket and its builder see it. */
import { describe, expect, test } from 'vitest';
import { nodeArchives } from '../../artifacts/node-archives.ts';
import { environmentArchives, operatorArtifacts } from '../../artifacts/operator-artifacts.ts';
import { type ProgramName, programs } from '../../artifacts/program-bundle.ts';
import { balancedEnvironment } from '../cluster/balanced-environment.ts';
import { change, clusterOf, inAws } from '../cluster/environment-fixture.ts';

const bundles = Object.fromEntries(programs.map((name) => [name, { sha256: 'b'.repeat(64), size: 1 }]));
const archives = nodeArchives(bundles as Record<ProgramName, { sha256: string; size: number }>);
const agent = 'c'.repeat(64);

describe('what an environment names', () => {
  test('is nothing where it runs our programs and no agent', () => {
    expect(operatorArtifacts(clusterOf(inAws()))).toEqual([]);
    expect(environmentArchives(clusterOf(inAws()), archives)).toEqual(Object.values(archives));
  });

  test('is the agent, which an error traces to its place in the file', () => {
    const text = change(
      { '"123456789012" }': `"123456789012", agent: { from: ./agent.deb, sha256: ${agent} } }` },
      inAws(),
    );
    const cluster = clusterOf(text);
    expect(operatorArtifacts(cluster)).toEqual([
      { program: 'agent', source: './agent.deb', sha256: agent, form: 'deb', namedBy: 'aws.agent' },
    ]);
    expect(environmentArchives(cluster, archives).at(-1)?.key).toBe(`archives/${agent}-agent`);
  });

  test('is each upstream program once, however many nodes run it', () => {
    const cluster = clusterOf(balancedEnvironment({ upstream: true, push: 2 }));
    expect(operatorArtifacts(cluster).map(({ program, source, form }) => [program, source, form])).toEqual([
      ['argo-messaging', './upstream', 'program'],
      ['ams-push-server', './upstream', 'program'],
    ]);
  });
});
