/**
 * A platform for tests of rolls, in memory: services that run with the settings that they last read, a quorum and brokers that are whole while all of
 * their services serve, and a record of every moment at which more than one node was away. Each call of its driver may be the one at which the command dies.
 */
import type { ConfigEntry } from '../../clients/kafka/requests/describe-configs.ts';
import { localAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { differenceOf, propertiesOf, type Reading, readingAfterReload, readingOf } from '../../cluster/readings.ts';
import { renderNode } from '../../cluster/render.ts';
import { EnsembleError } from '../../contracts/error.ts';
import type { Driver, RunState, ServiceRef } from '../../drivers/driver.ts';
import type { RollTarget } from '../../operations/roll/target.ts';

interface Service {
  state: RunState;
  restarting: boolean;
  reading: Reading | undefined;
}

const keyOf = ({ node, service }: ServiceRef) => `${node}/${service}`;
/** What a killed command leaves: nothing of it runs any more. */
export class Killed extends Error {}

export class RolledPlatform {
  cluster: Cluster;
  /** What was done, in order: `restart worker-1/kafka`. */
  readonly deeds: string[] = [];
  /** The most nodes that were away at once since the platform was made. */
  mostAway = 0;
  /** Nodes that do not come back. */
  readonly failing = new Set<string>();
  leader = 'master-1';
  controller = 1;
  /** The call of the driver at which the command is killed, counted from now on. */
  killAt = Number.POSITIVE_INFINITY;
  readonly #services = new Map<string, Service>();
  #all: ReturnType<typeof renderServices> = [];
  #renderedOf: Cluster | undefined;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    for (const { node, service, rendered } of this.#rendered())
      this.#services.set(keyOf({ node, service }), {
        state: 'running',
        restarting: false,
        reading: readingOf(rendered),
      });
  }

  #rendered() {
    if (this.#renderedOf !== this.cluster) this.#all = renderServices(this.cluster);
    this.#renderedOf = this.cluster;
    return this.#all;
  }

  service(key: string): Service {
    const found = this.#services.get(key);
    if (found === undefined) throw new Error(`no ${key}`);
    return found;
  }

  /** Those whose running settings are not those of the environment. */
  outdated(): readonly string[] {
    return this.#rendered().flatMap(({ node, service, rendered }) => {
      const { reading } = this.service(keyOf({ node, service }));
      const same = reading !== undefined && differenceOf(reading, rendered) === undefined;
      return same ? [] : [keyOf({ node, service })];
    });
  }

  away(): readonly string[] {
    const down = [...this.#services]
      .filter(([, { state }]) => state !== 'running')
      .map(([key]) => key.split('/')[0] ?? '');
    return [...new Set(down)];
  }

  #call(deed?: string): void {
    this.mostAway = Math.max(this.mostAway, this.away().length);
    this.killAt -= 1;
    if (this.killAt < 0) throw new Killed();
    if (deed !== undefined) this.deeds.push(deed);
  }

  driver(): Driver {
    const unused = () => Promise.reject(new Error('not asked of a driver in a roll'));
    const read = (ref: ServiceRef) => {
      const found = this.#rendered().find((each) => each.node === ref.node && each.service === ref.service);
      if (found === undefined) throw new Error(`no ${keyOf(ref)}`);
      return found.rendered;
    };
    const start = (ref: ServiceRef) => {
      const service = this.service(keyOf(ref));
      service.reading = readingOf(read(ref));
      service.restarting = false;
      service.state = this.failing.has(ref.node) ? 'failed' : 'running';
    };
    return {
      install: async () => this.#call(),
      preflight: async () => this.#call(),
      run: async (ref, job) => {
        this.#call(`run ${job} ${keyOf(ref)}`);
        return '';
      },
      start: async (ref) => {
        this.#call(`start ${keyOf(ref)}`);
        start(ref);
        return { started: true };
      },
      restart: async (ref) => {
        this.#call(`restart ${keyOf(ref)}`);
        Object.assign(this.service(keyOf(ref)), { state: 'stopped', restarting: true });
        this.#call(); // killed between the stop and the start
        start(ref);
      },
      reload: async (ref) => {
        this.#call(`reload ${keyOf(ref)}`);
        const service = this.service(keyOf(ref));
        if (service.reading !== undefined) service.reading = readingAfterReload(service.reading, read(ref));
        return true;
      },
      adopt: async (ref) => {
        this.#call(`adopt ${keyOf(ref)}`);
        this.service(keyOf(ref)).reading = readingOf(read(ref));
      },
      ready: async (ref) => {
        this.#call();
        if (this.service(keyOf(ref)).state !== 'running')
          throw new EnsembleError({ code: 'DRIVER_SERVICE_DIED', message: `${keyOf(ref)} ended`, next: 'Mend it.' });
      },
      status: async () => {
        this.#call();
        return this.#rendered().map(({ node, role, service, rendered }) => {
          const { state, restarting, reading } = this.service(keyOf({ node, service }));
          const alive = state === 'running' || state === 'starting';
          const outdated = alive && (reading === undefined || differenceOf(reading, rendered) !== undefined);
          const pid = alive ? 1 : undefined;
          return { node, service, role, address: '', state, pid, since: undefined, outdated, restarting };
        });
      },
      differences: async () => {
        this.#call();
        return this.#rendered().flatMap(({ node, service, rendered }) => {
          const { state, reading } = this.service(keyOf({ node, service }));
          if (state !== 'running' && state !== 'starting') return [];
          if (reading === undefined) return [{ node, service, known: false, command: false, files: [] }];
          const difference = differenceOf(reading, rendered);
          return difference === undefined ? [] : [{ node, service, ...difference }];
        });
      },
      assertAlive: async () => {},
      stop: unused,
      strays: async () => [],
      logs: unused,
      follow: () => {
        throw new Error('not asked of a driver in a roll');
      },
      purge: unused,
    };
  }

  /** A broker runs with what its server.properties said when it read it. */
  #settingsOf(key: string): readonly ConfigEntry[] {
    const file = this.service(key).reading?.files.find(({ path }) => path.endsWith('/server.properties'));
    return [...propertiesOf(file?.text ?? [])].map(([name, value]) => {
      const held = { name, value, source: 'static-broker' } as const;
      return { ...held, readOnly: false, sensitive: false, synonyms: [held] };
    });
  }

  target(): RollTarget {
    const { cluster } = this;
    const nodes = (service: string) =>
      cluster.groups.filter(({ services }) => services.includes(service)).flatMap((group) => group.nodes);
    const serves = (node: string, service: string) => this.service(`${node}/${service}`).state === 'running';
    const mode = (id: string) => (serves(id, 'zookeeper') ? (id === this.leader ? 'leader' : 'follower') : undefined);
    return {
      cluster,
      addressing: localAddressing(cluster, { kind: 'loopback' }, '/state'),
      driver: this.driver(),
      wholeness: {
        quorum: async () => new Map(nodes('zookeeper').map(({ id }) => [id, mode(id)])),
        brokers: async () => ({
          controller: this.controller,
          registered: nodes('kafka').flatMap(({ id, ordinal }) => (serves(id, 'kafka') ? [ordinal] : [])),
          amiss: [],
          displaced: [],
        }),
        store: async () => new Map(),
        balancers: async () => new Map(),
      },
      brokers: {
        settings: async (broker) => this.#settingsOf(`worker-${broker}/kafka`),
        alter: async () => undefined,
        electPreferred: async () => {},
        topicsWithoutSpare: async () => [],
      },
      pollMs: 1,
      assertDeployed: async () => {},
      prepare: async () => {},
      exclusively: (work) => work(),
    };
  }
}

function renderServices(cluster: Cluster) {
  const addressing = localAddressing(cluster, { kind: 'loopback' }, '/state');
  return cluster.groups.flatMap((group) =>
    group.nodes.flatMap((node) =>
      renderNode(cluster, group, node, addressing).map((rendered) => ({
        node: node.id,
        role: group.role,
        service: rendered.service,
        rendered,
      })),
    ),
  );
}
