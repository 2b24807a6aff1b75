/**
 * Which subscriptions are ours, from the messaging API: at the start, as upstream, and again and again, so that an activation or a deactivation that was lost on its
 * way is found without a restart (reference, section 5: the list of consumers is the assignment). One server of several does it.
 */
import type { Gate } from './gate.ts';
import type { MessagingApi } from './messaging-api.ts';
import type { Registry } from './sharing/registry.ts';
import { sameSubscription, subscriptionFromView } from './subscription.ts';

export interface DiscoveryParts {
  readonly api: MessagingApi;
  readonly apiGate: Gate;
  readonly registry: Registry;
  readonly discoverMs: number;
  readonly refreshMs: number;
  readonly warn: (words: string, error?: unknown) => void;
}

export class Discovery {
  readonly #parts: DiscoveryParts;
  /** Missing from the list when we last looked, with the revision of then: twice missing is gone. An activation may come before the list has it. */
  #missing = new Map<string, string>();
  /** Where the refreshing of configurations goes on. */
  #refreshed = 0;

  constructor(parts: DiscoveryParts) {
    this.#parts = parts;
  }

  /** One comparison of what the API lists with what is active. @throws ApiFault, or what the registry throws */
  async compare(): Promise<void> {
    const { api, registry } = this.#parts;
    const listed = new Set(await api.subscriptions());
    const active = (await registry.places()).filter((place) => place.active);
    const known = new Set(active.map(({ name }) => name));
    const found = await Promise.all([...listed].filter((name) => !known.has(name)).map((name) => this.#show(name)));
    await registry.activateAll(found.flatMap((subscription) => subscription ?? []));
    const missing = new Map(
      active.filter(({ name }) => !listed.has(name)).map(({ name, revision }) => [name, revision]),
    );
    for (const [name, revision] of missing) {
      if (this.#missing.get(name) === revision && (await registry.deactivate(name, revision))) missing.delete(name);
    }
    this.#missing = missing;
    await this.#refresh(active.filter(({ name }) => listed.has(name)).map(({ name }) => name));
  }

  /** Some each time, so that all had their turn within `refreshMs`. */
  async #refresh(names: readonly string[]): Promise<void> {
    const { registry, discoverMs, refreshMs } = this.#parts;
    const count = Math.min(names.length, Math.ceil((names.length * discoverMs) / refreshMs));
    const sorted = [...names].sort();
    const from = this.#refreshed;
    this.#refreshed = from + count >= sorted.length ? 0 : from + count;
    await Promise.all(
      sorted.slice(from, from + count).map(async (name) => {
        const before = await registry.find(name);
        const subscription = before === undefined ? undefined : await this.#show(name);
        if (before === undefined || subscription === undefined) return;
        if (!sameSubscription(before.subscription, subscription)) await registry.replace(subscription, before.revision);
      }),
    );
  }

  /** Undefined where it pushes no more, or cannot be read: the next comparison comes soon. */
  async #show(name: string): Promise<ReturnType<typeof subscriptionFromView>> {
    const { api, apiGate, warn } = this.#parts;
    try {
      return subscriptionFromView(await apiGate.run(() => api.show(name)));
    } catch (error) {
      warn(`the subscription ${name} is passed over`, error);
      return undefined;
    }
  }
}
