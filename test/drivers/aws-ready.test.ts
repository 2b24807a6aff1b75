/** Waiting for a service on AWS, with machines that only report: how often they are looked at, and what is no end of it. */
import { describe, expect, it } from 'vitest';
import { namedAddressing } from '../../cluster/addressing.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { awsDriver } from '../../drivers/aws/aws-driver.ts';
import type { Machines } from '../../drivers/aws/machines.ts';
import { clusterOf, smallEnvironment } from '../cluster/environment-fixture.ts';

const ref = { node: 'worker-1', service: 'kafka' };

/** A look at the node; undefined where its agent is away. */
type Look = () => Said | undefined;
type Said = { readonly ready: boolean; readonly restarts: number; readonly state?: string };

describe.concurrent('waiting for a service on AWS', () => {
  const waiting = (looks: readonly Look[], { timeoutMs = 30_000, signal = AbortSignal.timeout(50_000) } = {}) => {
    let looked = 0;
    const machines = {
      async runWhereReachable() {
        const look = looks[Math.min(looked, looks.length - 1)];
        looked += 1;
        const said = look?.();
        return new Map(said === undefined ? [] : [[ref.node, { output: reportOf(said) }]]);
      },
      run: async () => 'the end of its log',
    } as unknown as Machines;
    const cluster = clusterOf(smallEnvironment);
    const addressing = namedAddressing(cluster);
    const driver = awsDriver({
      cluster,
      addressing,
      machines,
      objects: { read: async () => undefined, exists: async () => false },
    });
    return { ready: driver.ready(ref, { timeoutMs, signal }), looked: () => looked };
  };

  it('looks again after a pause where its agent is away, until there is no more time', async () => {
    const { ready, looked } = waiting([() => undefined], { timeoutMs: 1_500 });
    await expect(ready).rejects.toMatchObject({ code: 'DRIVER_NOT_READY' });
    expect(looked()).toBe(2);
  });

  it('ends at once with the reason of its signal', async () => {
    const person = new AbortController();
    const { ready } = waiting(
      [
        () => {
          setImmediate(() => person.abort(new Error('interrupted')));
          return undefined;
        },
      ],
      { signal: person.signal },
    );
    await expect(ready).rejects.toThrow('interrupted');
  });

  it('goes on where AWS refuses a look or does not answer, and says so once there is no more time', async () => {
    const refused = (code: string) => (): undefined => {
      throw new EnsembleError({ code, message: code, next: 'Wait.' });
    };
    const throttled = refused('CLIENT_AWS_THROTTLED');
    await waiting([throttled, () => ({ ready: true, restarts: 0 })]).ready;
    await waiting([refused('CLIENT_AWS_UNREACHABLE'), () => ({ ready: true, restarts: 0 })]).ready;
    await expect(waiting([throttled], { timeoutMs: 1_000 }).ready).rejects.toMatchObject({
      code: 'CLIENT_AWS_THROTTLED',
    });
    const { ready, looked } = waiting([refused('CLIENT_AWS_DENIED')]);
    await expect(ready).rejects.toMatchObject({ code: 'CLIENT_AWS_DENIED' });
    expect(looked()).toBe(1);
  });

  it('counts restarts from its first look: those of before, on a disk that was full, are no end of it', async () => {
    const full = () => ({ ready: false, restarts: 17, state: 'activating' });
    await waiting([full, () => ({ ready: true, restarts: 18 })]).ready;
    const again = () => ({ ready: false, restarts: 20, state: 'activating' });
    await expect(waiting([full, again]).ready).rejects.toMatchObject({ code: 'DRIVER_SERVICE_DIED' });
  });
});

function reportOf({ ready, restarts, state = 'active' }: Said): string {
  const service = {
    service: ref.service,
    state,
    detail: '',
    ready,
    restarts,
    pid: 7,
    since: null,
    installed: '',
    running: null,
  };
  const about = { version: 1, environment: 'small', node: ref.node, time: '', list: '', fault: null };
  return `${JSON.stringify({ ...about, services: [service] })}\n`;
}
