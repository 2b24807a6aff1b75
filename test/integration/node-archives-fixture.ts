/**
 * The lock's runtimes, or today's where Debian carries the locked versions no more: a security release must not break the tests of a commit that was made
 * before it. What is asserted of one holds for the other.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type RuntimesLock, runtimesLock } from '../../artifacts/artifacts-lock.ts';
import { cacheRootOf } from '../../artifacts/cache.ts';
import { askDebian } from '../../artifacts/debian-packages.ts';
import { lockRuntimes } from '../../artifacts/lock-runtimes.ts';

export async function buildableRuntimes(): Promise<RuntimesLock> {
  const cacheRoot = cacheRootOf(undefined, process.env);
  const { java, haproxy, xfsprogs } = runtimesLock;
  const packed = Object.entries({ java, haproxy, xfsprogs });
  const kept = packed.map(([name, { sha256 }]) => stat(join(cacheRoot, 'archives', `${sha256}-${name}`)));
  if ((await Promise.allSettled(kept)).every(({ status }) => status === 'fulfilled')) return runtimesLock;
  const locked = packed.flatMap(([, { packages }]) => packages);
  const carried = await askDebian(
    locked.map((each) => each.package),
    process.env,
  );
  const same = locked.every(({ sha256 }, index) => carried[index]?.sha256 === sha256);
  return same ? runtimesLock : await lockRuntimes({ cacheRoot, env: process.env });
}
