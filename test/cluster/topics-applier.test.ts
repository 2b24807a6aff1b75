/** The function's environment variables and its certificate, from the model of an environment. */
import { describe, expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { loadEnvironment } from '../../cluster/load.ts';
import type { Cluster } from '../../cluster/model.ts';
import {
  topicsApplierCertificate,
  topicsApplierSecretIds,
  topicsApplierVariables,
} from '../../cluster/topics-applier.ts';
import { topicsApplierEnvironmentShape } from '../../contracts/topics-applier-environment.ts';

const { cluster } = await loadEnvironment('production', 'environments');
const variablesOf = (of: Cluster) => topicsApplierVariables(of, namedAddressing(of), 'ensemble/production/nodes/x');
const withWorkers = (
  change: (nodes: Cluster['groups'][number]['nodes']) => Cluster['groups'][number]['nodes'],
): Cluster => ({
  ...cluster,
  groups: cluster.groups.map((group) => (group.role === 'worker' ? { ...group, nodes: change(group.nodes) } : group)),
});

describe('what the topics applier is told', () => {
  it('is what its program parses: the environment, a broker of each zone by its TLS listener, and its secret', () => {
    expect(topicsApplierEnvironmentShape.parse(variablesOf(cluster))).toEqual({
      ENSEMBLE_ENVIRONMENT: 'production',
      ENSEMBLE_BOOTSTRAP: [1, 2, 3].map((ordinal) => `worker-${ordinal}.production.internal:9093`),
      ENSEMBLE_SECRET: 'ensemble/production/nodes/x',
    });
  });

  it('does not change when workers are added, and leaves out one that is to leave', () => {
    expect(variablesOf(withWorkers((nodes) => nodes.slice(0, 3)))).toEqual(variablesOf(cluster));
    const leaving = withWorkers((nodes) => nodes.map((node) => ({ ...node, leaving: node.ordinal === 1 })));
    expect(variablesOf(leaving).ENSEMBLE_BOOTSTRAP).not.toContain('worker-1.');
    expect(variablesOf(leaving).ENSEMBLE_BOOTSTRAP.split(',')).toHaveLength(3);
  });

  it('names more brokers where more may fail than there are zones', () => {
    const oneZone = withWorkers((nodes) => nodes.map((node) => ({ ...node, zone: 'eu-west-1a' })));
    expect(variablesOf({ ...oneZone, tolerate: 3 }).ENSEMBLE_BOOTSTRAP.split(',')).toHaveLength(4);
  });

  it('has a certificate of its own whose key store is in its secret', () => {
    const { id, hosts } = topicsApplierCertificate(cluster);
    expect(topicsApplierSecretIds).toEqual([`tls/${id}.keystore.pem`, 'tls/ca.pem']);
    expect(hosts).toEqual(['topics-applier.production.internal']);
  });
});
