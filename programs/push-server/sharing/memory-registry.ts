/** The registry in memory: of a server that is alone, and of several in one process in tests. */
import { randomUUID } from 'node:crypto';
import type { Registry, StoredSubscription } from './registry.ts';

export function createMemoryRegistry(): Registry {
  const stored = new Map<string, StoredSubscription>();
  const sessions = new Map<string, number>();
  let changes = 0;
  const changed = () => {
    changes += 1;
  };
  const free = (owner: string, dead: readonly string[]) => owner === '' || dead.includes(owner);
  return {
    async activateAll(subscriptions) {
      for (const subscription of subscriptions) await this.activate(subscription);
    },
    async activate(subscription) {
      const before = stored.get(subscription.name);
      if (before?.active === true) return false;
      const owner = before?.owner ?? '';
      const { name } = subscription;
      stored.set(name, { name, subscription, revision: randomUUID(), owner, active: true, status: '', intervalMs: 0 });
      changed();
      return true;
    },
    async replace(subscription, revision) {
      const before = stored.get(subscription.name);
      if (before?.active !== true || before.revision !== revision) return false;
      stored.set(subscription.name, { ...before, subscription, revision: randomUUID() });
      changed();
      return true;
    },
    async deactivate(name, revision) {
      const before = stored.get(name);
      if (before?.active !== true || (revision !== undefined && before.revision !== revision)) return false;
      if (before.owner === '') stored.delete(name);
      else stored.set(name, { ...before, active: false, revision: randomUUID() });
      changed();
      return true;
    },
    async find(name) {
      const found = stored.get(name);
      return found?.active === true ? found : undefined;
    },
    async places() {
      return [...stored.values()];
    },
    async read(names, session) {
      return names.flatMap((name) => stored.get(name) ?? []).filter((each) => each.active && each.owner === session);
    },
    async claim(names, dead, session) {
      for (const name of names) {
        const each = stored.get(name);
        if (each?.active === true && free(each.owner, dead)) stored.set(name, { ...each, owner: session });
      }
    },
    async release(names, session) {
      for (const name of names) {
        const each = stored.get(name);
        if (each?.owner !== session) continue;
        if (each.active) stored.set(name, { ...each, owner: '' });
        else stored.delete(name);
        changed();
      }
    },
    async sweep(dead) {
      for (const { name, active, owner } of [...stored.values()]) {
        if (!active && free(owner, dead)) stored.delete(name);
      }
    },
    async report(reports, session) {
      for (const { name, status, intervalMs } of reports) {
        const each = stored.get(name);
        if (each?.owner === session) stored.set(name, { ...each, status, intervalMs });
      }
    },
    async join(session) {
      sessions.set(session, 0);
    },
    async beat(session, beat) {
      if (sessions.get(session) !== beat) return false;
      sessions.set(session, beat + 1);
      return true;
    },
    async leave(session) {
      sessions.delete(session);
    },
    async bury(session, beat) {
      return sessions.get(session) === beat && sessions.delete(session);
    },
    async look() {
      return { sessions: [...sessions].map(([id, beat]) => ({ id, beat })), changes };
    },
    async ping() {},
    async close() {},
  };
}
