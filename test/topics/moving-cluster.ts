/**
 * A cluster whose replicas move, as a model behind the interface of a connection: each look copies some bytes, so that a reassignment runs to its end, is
 * interrupted, cancelled or stalled without a broker. It keeps throttles as Kafka does: text that it was given.
 */
import { vi } from 'vitest';
import type { Api, ApiName, Throttled } from '../../clients/kafka/api.ts';
import { apiKeys } from '../../clients/kafka/api.ts';
import type { KafkaConnection, SendOptions } from '../../clients/kafka/connection.ts';
import { faultOf } from '../../clients/kafka/fault.ts';
import type { AlterConfigsRequest } from '../../clients/kafka/requests/alter-configs.ts';
import type { DescribeConfigsRequest } from '../../clients/kafka/requests/describe-configs.ts';
import type { ClusterMetadata } from '../../clients/kafka/requests/metadata.ts';
import type { AlterReassignmentsRequest } from '../../clients/kafka/requests/reassignments.ts';
import { partitionKey } from '../../topics/status/partition-offsets.ts';

interface ModelPartition {
  readonly topic: string;
  readonly partition: number;
  replicas: readonly number[];
  leader: number;
  /** While it moves: where to, and the bytes that each new replica has. */
  target?: readonly number[] | undefined;
  copiedBytes: number;
}

export class MovingCluster implements KafkaConnection {
  readonly requests = Object.fromEntries(Object.keys(apiKeys).map((name) => [name, 0])) as Record<ApiName, number>;
  readonly partitions = new Map<string, ModelPartition>();
  /** By resource: a topic's name, or a broker's id in decimal. */
  readonly configs = new Map<string, Record<string, string>>();
  live: readonly number[] = [1, 2, 3, 4];
  logBytes = 1_000;
  /** What each look at the list of moves copies, for every new replica that lives. */
  bytesPerLook = 500;
  /** Called before every request; what it throws is thrown. */
  intercept: (api: ApiName) => void = () => {};
  /** The most partitions that were on their way at once. */
  mostAtOnce = 0;
  /** Entries of throttles when moves were sent. */
  throttledAtSend: string[] = [];
  readonly close = vi.fn(async () => {});

  add(topic: string, ...replicas: readonly (readonly number[])[]): void {
    for (const [partition, ids] of replicas.entries()) {
      const each = { topic, partition, replicas: ids, leader: ids[0] ?? -1, copiedBytes: 0 };
      this.partitions.set(partitionKey(each), each);
    }
  }

  get moving(): readonly ModelPartition[] {
    return [...this.partitions.values()].filter(({ target }) => target !== undefined);
  }

  /** Every throttle that is set, as text. */
  get throttles(): readonly string[] {
    return [...this.configs].flatMap(([resource, values]) =>
      Object.entries(values).map(([name, value]) => `${resource} ${name} ${value}`),
    );
  }

  async metadata(): Promise<ClusterMetadata> {
    this.#count('Metadata');
    const topics = [...new Set([...this.partitions.values()].map(({ topic }) => topic))];
    return {
      throttleTimeMs: 0,
      clusterId: 'model',
      controllerId: this.live[0],
      brokers: this.live.map((id) => ({ id, host: `broker-${id}`, port: 9092, rack: undefined })),
      topics: topics.map((topic) => ({
        topic,
        fault: undefined,
        internal: false,
        partitions: [...this.partitions.values()]
          .filter((each) => each.topic === topic)
          .map(({ partition, replicas, leader }) => ({
            partition,
            fault: undefined,
            leader,
            replicas,
            inSync: replicas.filter((id) => this.live.includes(id)),
            offline: [],
          })),
      })),
    };
  }

  async send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    { to }: SendOptions = {},
  ): Promise<Response> {
    this.#count(api.name);
    return { throttleTimeMs: 0, ...this.#act(api.name, request, to) } as unknown as Response;
  }

  #count(api: ApiName): void {
    this.requests[api] += 1;
    this.intercept(api);
  }

  #act(api: ApiName, request: unknown, to: SendOptions['to']): object {
    switch (api) {
      case 'AlterPartitionReassignments':
        return this.#alterMoves(request as AlterReassignmentsRequest);
      case 'ListPartitionReassignments':
        return this.#listMoves();
      case 'DescribeLogDirs':
        return { dirs: [{ path: '/', fault: undefined, replicas: this.#replicasOn(Number(to)) }] };
      case 'ElectLeaders':
        for (const each of this.partitions.values()) each.leader = each.replicas[0] ?? -1;
        return { error: undefined, partitions: [] };
      case 'DescribeConfigs':
        return { resources: this.#describe(request as DescribeConfigsRequest) };
      case 'IncrementalAlterConfigs':
        return { resources: this.#alterConfigs(request as AlterConfigsRequest) };
      default:
        throw new Error(`the model does not know ${api}`);
    }
  }

  #alterMoves({ moves }: AlterReassignmentsRequest) {
    this.throttledAtSend.push(...this.throttles);
    const partitions = moves.map(({ topic, partition, replicas }) => {
      const each = this.partitions.get(partitionKey({ topic, partition }));
      if (each === undefined) return { topic, partition, error: faultOf(3) };
      if (replicas === undefined && each.target === undefined) return { topic, partition, error: faultOf(85) };
      const dead = replicas?.some((id) => !this.live.includes(id) && !each.replicas.includes(id));
      if (dead) return { topic, partition, error: faultOf(39) };
      each.target = replicas;
      each.copiedBytes = 0;
      return { topic, partition, error: undefined };
    });
    this.mostAtOnce = Math.max(this.mostAtOnce, this.moving.length);
    return { error: undefined, partitions };
  }

  #listMoves() {
    const reassignments = this.moving.map(({ topic, partition, replicas, target = [] }) => ({
      topic,
      partition,
      replicas: [...target, ...replicas.filter((id) => !target.includes(id))],
      adding: target.filter((id) => !replicas.includes(id)),
      removing: replicas.filter((id) => !target.includes(id)),
    }));
    this.#copy();
    return { error: undefined, reassignments };
  }

  #copy(): void {
    for (const each of this.moving) {
      const target = each.target ?? [];
      if (!target.every((id) => this.live.includes(id))) continue;
      each.copiedBytes += this.bytesPerLook;
      const adds = target.some((id) => !each.replicas.includes(id));
      if (adds && each.copiedBytes < this.logBytes) continue;
      each.replicas = target;
      each.target = undefined;
      if (!target.includes(each.leader)) each.leader = target[0] ?? -1;
    }
  }

  #replicasOn(broker: number) {
    return [...this.partitions.values()]
      .filter(({ replicas, target }) => replicas.includes(broker) || target?.includes(broker))
      .map(({ topic, partition, replicas, copiedBytes }) => {
        const sizeBytes = replicas.includes(broker) ? this.logBytes : copiedBytes;
        return { topic, partition, sizeBytes, lag: 0, future: false };
      });
  }

  #describe({ resources, names }: DescribeConfigsRequest) {
    return resources.map(({ type, name }) => ({
      type,
      name,
      fault: undefined,
      entries: Object.entries(this.configs.get(name) ?? {})
        .filter(([setting]) => names?.includes(setting) ?? true)
        .map(([setting, value]) => ({ name: setting, value })),
    }));
  }

  #alterConfigs({ resources }: AlterConfigsRequest) {
    return resources.map(({ type, name, changes }) => {
      const values = { ...this.configs.get(name) };
      const wildcard = changes.find((change) => change.operation === 'append' && values[change.name] === '*');
      if (wildcard !== undefined) return { type, name, error: faultOf(40, '* stands alone') };
      for (const change of changes) {
        const now = (values[change.name] ?? '').split(',').filter((entry) => entry !== '');
        const given = (change.value ?? '').split(',');
        if (change.operation === 'delete') delete values[change.name];
        else if (change.operation === 'append') values[change.name] = [...now, ...given].join(',');
        else if (change.operation === 'subtract')
          values[change.name] = now.filter((entry) => !given.includes(entry)).join(',');
        else values[change.name] = change.value ?? '';
      }
      if (Object.keys(values).length === 0) this.configs.delete(name);
      else this.configs.set(name, values);
      return { type, name, error: undefined };
    });
  }
}
