/** New certificates on AWS, on a platform in memory: who can reads them while it runs, who cannot is restarted by a roll, and what is done is not done again. */
import { describe, expect, it } from 'vitest';
import type { NodeCertificates, TlsListener } from '../../operations/aws/certificates-on-aws.ts';
import { renewOnAws } from '../../operations/aws/renew-aws.ts';
import type { Step } from '../../operations/step.ts';
import { balancedEnvironment } from '../cluster/balanced-environment.ts';
import { clusterOf } from '../cluster/environment-fixture.ts';
import { RolledPlatform } from './rolled-platform.ts';

/** A listener shows what its service read last: at a reload, a restart, or a word to a broker. */
class Certificates implements NodeCertificates {
  readonly #platform: RolledPlatform;
  generation = 0;
  /** Services that do not take them at a reload. */
  readonly deaf = new Set<string>();
  #seen = 0;
  readonly #shown = new Map<string, number>();

  constructor(platform: RolledPlatform) {
    this.#platform = platform;
  }

  issue: NodeCertificates['issue'] = async ({ renew }) => {
    if (renew) this.generation += 1;
    return renew ? [{ id: 'worker-1', expiresAt: '2027-01-01T00:00:00Z' }] : [];
  };

  listeners: NodeCertificates['listeners'] = async (services) =>
    services.map((ref) => ({ ...ref, listener: 'tls', port: 1, expected: `of ${this.generation}` }));

  unshown: NodeCertificates['unshown'] = async (listeners) => {
    for (const deed of this.#platform.deeds.slice(this.#seen)) {
      const [verb = '', key = ''] = deed.split(' ');
      // As mongod does: it reads them at its start alone.
      const hears = verb === 'reload' && !key.endsWith('/mongodb') && !this.deaf.has(key);
      if (hears || ['restart', 'start', 'alter'].includes(verb)) this.#shown.set(key, this.generation);
    }
    this.#seen = this.#platform.deeds.length;
    const shows = ({ node, service }: TlsListener) => this.#shown.get(`${node}/${service}`) === this.generation;
    return listeners.filter((each) => !shows(each));
  };
}

async function runSteps<C>(steps: readonly Step<C>[], context: C, signal: AbortSignal): Promise<void> {
  for (const step of steps) await step.run(context, () => {}, signal);
}

function platformOf() {
  const platform = new RolledPlatform(clusterOf(balancedEnvironment()));
  const certificates = new Certificates(platform);
  const target = platform.target();
  /** Brokers that take no other certificate while they run. */
  const refusing = new Set<number>();
  const told = {
    ...target,
    brokers: {
      ...target.brokers,
      alter: async (broker: number) => {
        if (refusing.has(broker)) return 'Keystore SubjectAltNames do not match';
        platform.deeds.push(`alter worker-${broker}/kafka`);
        return undefined;
      },
    },
  };
  const renew = (issue = true) =>
    renewOnAws(told, certificates, {
      timeoutMs: 20,
      rollTimeoutMs: 50,
      issue,
      signal: new AbortController().signal,
      run: runSteps,
    });
  return { platform, certificates, refusing, renew };
}

describe('certificates that are renewed on AWS', () => {
  it('are read by who can while it runs, and members of the store are restarted for them, one at a time', async () => {
    const { platform, renew } = platformOf();
    const report = await renew();
    const restarts = platform.deeds.filter((deed) => deed.startsWith('restart'));
    expect(restarts).toEqual([1, 2, 3].map((number) => `restart metadata-${number}/mongodb`));
    expect(platform.deeds.filter((deed) => deed.startsWith('reload balancer'))).toHaveLength(1);
    expect(platform.deeds.filter((deed) => deed === 'alter worker-1/kafka')).toHaveLength(2);
    expect(platform.mostAway).toBe(1);
    expect(report).toMatchObject({ restartNeeded: [], certificates: [{ id: 'worker-1' }] });
    expect(report.stopped).toBeUndefined();
  });

  it('whose roll stopped at a member are taken into use by the others afterwards, and no member is restarted twice', async () => {
    const { platform, certificates, renew } = platformOf();
    platform.failing.add('metadata-2');
    const report = await renew();
    expect(report.stopped).toMatchObject({ node: 'metadata-2', error: { code: 'DRIVER_SERVICE_DIED' } });
    expect(report.restartNeeded).toContainEqual({ node: 'metadata-3', service: 'mongodb' });
    expect(report.restartNeeded).not.toContainEqual({ node: 'metadata-1', service: 'mongodb' });
    // As a person mends it.
    platform.failing.clear();
    Object.assign(platform.service('metadata-2/mongodb'), { state: 'running' });
    platform.deeds.length = 0;
    const before = certificates.generation;
    expect(await renew(false)).toMatchObject({ restartNeeded: [], certificates: [] });
    expect(certificates.generation).toBe(before);
    expect(platform.deeds.filter((deed) => deed.startsWith('restart'))).not.toContain('restart metadata-1/mongodb');
    expect(platform.deeds).toContain('restart metadata-3/mongodb');
  });

  it('are restarted for by a broker that refuses them, as it does where its names are others', async () => {
    const { platform, refusing, renew } = platformOf();
    refusing.add(1);
    expect(await renew()).toMatchObject({ restartNeeded: [] });
    expect(platform.deeds).toContain('restart worker-1/kafka');
  });

  it('that a service was told of and does not show are an error with its name', async () => {
    const { certificates, renew } = platformOf();
    certificates.deaf.add('balancer-1/haproxy');
    await expect(renew()).rejects.toMatchObject({
      code: 'OPERATIONS_CERTIFICATES_NOT_SHOWN',
      message: expect.stringContaining('haproxy.tls on balancer-1'),
    });
  });

  it('are not issued while a node cannot be reached', async () => {
    const { platform, certificates, renew } = platformOf();
    platform.killAt = 1; // its status is one call; the next is the look whether all can be reached
    await expect(renew()).rejects.toThrow();
    expect(certificates.generation).toBe(0);
  });
});
