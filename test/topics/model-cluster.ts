/**
 * A cluster's topics as a model behind the interface of a connection: it keeps what it is sent and answers as Kafka does, so that plans can be
 * applied and looked at again without a broker. Faults are planted with `intercept`.
 */
import { vi } from 'vitest';
import type { Api, ApiName, Throttled } from '../../clients/kafka/api.ts';
import { apiKeys } from '../../clients/kafka/api.ts';
import type { KafkaConnection, SendOptions } from '../../clients/kafka/connection.ts';
import { faultOf, type KafkaFault } from '../../clients/kafka/fault.ts';
import type { AlterConfigsRequest } from '../../clients/kafka/requests/alter-configs.ts';
import type { CreatePartitionsRequest } from '../../clients/kafka/requests/create-partitions.ts';
import type { CreateTopicsRequest } from '../../clients/kafka/requests/create-topics.ts';
import type { DeleteTopicsRequest } from '../../clients/kafka/requests/delete-topics.ts';
import type { DescribeConfigsRequest } from '../../clients/kafka/requests/describe-configs.ts';
import type { FetchOffsetsRequest } from '../../clients/kafka/requests/fetch-offsets.ts';
import type { ClusterMetadata, PartitionMetadata } from '../../clients/kafka/requests/metadata.ts';
import type { AlterReassignmentsRequest, Reassignment } from '../../clients/kafka/requests/reassignments.ts';

export interface ModelTopic {
  partitions: PartitionMetadata[];
  config: Record<string, string>;
}

export interface ModelGroup {
  readonly group: string;
  readonly topics: readonly string[];
  /** What its member has been given, beside what it asks for. */
  readonly assigned?: readonly string[];
  /** Where it has committed an offset. */
  readonly committed?: readonly string[];
  readonly state?: string;
}

export class ModelCluster implements KafkaConnection {
  readonly requests = Object.fromEntries(Object.keys(apiKeys).map((name) => [name, 0])) as Record<ApiName, number>;
  readonly topics = new Map<string, ModelTopic>();
  /** In the order in which they came. */
  readonly sent: { readonly api: ApiName; readonly request: unknown }[] = [];
  brokers: readonly number[] = [1, 2, 3];
  /** By broker; none has one at first. */
  racks: Record<number, string> = {};
  /** Moves under way, which the model leaves so; those that it is asked for are done at once. */
  moving: Reassignment[] = [];
  /** The answer to every move. */
  refuseMoves: KafkaFault | undefined = undefined;
  /** By broker, the settings that it was given. */
  readonly brokerConfig = new Map<string, Record<string, string>>();
  /** Consumer groups: one member subscribes to `topics`; a group without any has no members. */
  groups: ModelGroup[] = [];
  clusterId = 'model';
  /** The brokers' own values, which topics without theirs have. */
  defaults: Record<string, string> = {
    'min.insync.replicas': '1',
    'retention.ms': '604800000',
    'cleanup.policy': 'delete',
  };
  /** Called before a request takes effect; what it throws is thrown, and `after` says that the effect comes first. */
  intercept: (api: ApiName, request: unknown) => { readonly error: Error; readonly after?: boolean } | undefined = () =>
    undefined;
  readonly close = vi.fn(async () => {});

  add(name: string, partitions: number, replicas: number, config: Record<string, string> = {}): void {
    this.topics.set(name, { partitions: this.#place(0, partitions, replicas), config });
  }

  async metadata(names?: readonly string[]): Promise<ClusterMetadata> {
    this.#count('Metadata', names);
    const asked = names ?? [...this.topics.keys()];
    return {
      throttleTimeMs: 0,
      clusterId: this.clusterId,
      controllerId: this.brokers[0],
      brokers: this.brokers.map((id) => ({ id, host: `broker-${id}`, port: 9092, rack: this.racks[id] })),
      topics: asked.map((topic) => {
        const partitions = this.topics.get(topic)?.partitions;
        const fault = partitions === undefined ? faultOf(3) : undefined;
        return { topic, fault, internal: topic.startsWith('__'), partitions: partitions ?? [] };
      }),
    };
  }

  async send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    { to }: SendOptions = {},
  ): Promise<Response> {
    const planted = this.#count(api.name, request);
    if (planted !== undefined && planted.after !== true) throw planted.error;
    const answer = { throttleTimeMs: 0, ...this.#act(api.name, request, to) };
    if (planted !== undefined) throw planted.error;
    return answer as unknown as Response;
  }

  #count(api: ApiName, request: unknown) {
    this.requests[api] += 1;
    this.sent.push({ api, request });
    return this.intercept(api, request);
  }

  #act(api: ApiName, request: unknown, to: SendOptions['to']): object {
    if (api === 'CreateTopics')
      return { topics: (request as CreateTopicsRequest).topics.map((topic) => this.#create(topic)) };
    if (api === 'CreatePartitions')
      return { topics: (request as CreatePartitionsRequest).topics.map((topic) => this.#extend(topic)) };
    if (api === 'DescribeConfigs') return { resources: this.#describe(request as DescribeConfigsRequest) };
    if (api === 'IncrementalAlterConfigs') return { resources: this.#alter(request as AlterConfigsRequest) };
    if (api === 'DeleteTopics')
      return { topics: (request as DeleteTopicsRequest).topics.map((topic) => this.#delete(topic)) };
    if (api === 'ListPartitionReassignments') return { error: undefined, reassignments: this.moving };
    if (api === 'AlterPartitionReassignments')
      return {
        error: undefined,
        partitions: (request as AlterReassignmentsRequest).moves.map((move) => this.#move(move)),
      };
    if (api === 'DescribeLogDirs') return { dirs: [] };
    if (api === 'ElectLeaders') return { error: undefined, fault: undefined, partitions: [] };
    if (api === 'ListGroups') {
      // The first broker coordinates them all.
      const known = to === this.brokers[0] ? this.groups : [];
      return { fault: undefined, groups: known.map(({ group }) => ({ group, protocolType: 'consumer' })) };
    }
    if (api === 'DescribeGroups') return { groups: this.groups.map((each) => this.#group(each)) };
    if (api === 'OffsetFetch') return { fault: undefined, offsets: this.#committed(request as FetchOffsetsRequest) };
    throw new Error(`the model does not know ${api}`);
  }

  #create({ topic, partitions, replicas, config }: CreateTopicsRequest['topics'][number]) {
    if (this.topics.has(topic)) return { topic, error: faultOf(36) };
    if (replicas > this.brokers.length) return { topic, error: faultOf(38) };
    this.add(topic, partitions, replicas, { ...config });
    return { topic, error: undefined };
  }

  #extend({ topic, count }: CreatePartitionsRequest['topics'][number]) {
    const known = this.topics.get(topic);
    if (known === undefined) return { topic, error: faultOf(3) };
    if (known.partitions.length >= count) return { topic, error: faultOf(37) };
    const replicas = known.partitions[0]?.replicas.length ?? 1;
    known.partitions.push(...this.#place(known.partitions.length, count, replicas));
    return { topic, error: undefined };
  }

  #delete(topic: string) {
    return { topic, error: this.topics.delete(topic) ? undefined : faultOf(3) };
  }

  #move({ topic, partition, replicas }: AlterReassignmentsRequest['moves'][number]) {
    if (this.refuseMoves !== undefined) return { topic, partition, error: this.refuseMoves };
    const known = this.topics.get(topic);
    const before = known?.partitions[partition];
    if (known === undefined || before === undefined || replicas === undefined)
      return { topic, partition, error: faultOf(3) };
    known.partitions[partition] = { ...before, replicas, inSync: replicas, leader: replicas[0] };
    return { topic, partition, error: undefined };
  }

  #group({ group, topics, assigned = [], state = 'Stable' }: ModelGroup) {
    const given = assigned.map((topic) => ({ topic, partitions: [0] }));
    const member = { id: 'm', clientId: 'c', host: 'h', subscribed: topics, assigned: given };
    const members = topics.length + assigned.length === 0 ? [] : [member];
    return { group, fault: undefined, state, protocolType: 'consumer', members };
  }

  #committed({ group }: FetchOffsetsRequest) {
    const known = this.groups.find((each) => each.group === group)?.committed ?? [];
    return known.map((topic) => ({ topic, partition: 0, offset: 7 }));
  }

  #describe({ resources, names }: DescribeConfigsRequest) {
    return resources.map(({ type, name }) => {
      const own = type === 'topic' ? this.topics.get(name)?.config : (this.brokerConfig.get(name) ?? {});
      const values = { ...this.defaults, ...own };
      const entries = Object.entries(values)
        .filter(([setting]) => names === undefined || names.includes(setting))
        .map(([setting, value]) => {
          const source = own !== undefined && setting in own ? 'topic' : 'static-broker';
          return { name: setting, value, source, readOnly: false, sensitive: false, synonyms: [] };
        });
      return {
        type,
        name,
        fault: own === undefined ? faultOf(3) : undefined,
        entries: own === undefined ? [] : entries,
      };
    });
  }

  #alter({ resources }: AlterConfigsRequest) {
    return resources.map(({ type, name, changes }) => {
      const config = type === 'topic' ? this.topics.get(name)?.config : (this.brokerConfig.get(name) ?? {});
      if (config === undefined) return { type, name, error: faultOf(3) };
      if (type === 'broker') this.brokerConfig.set(name, config);
      for (const change of changes) {
        if (change.operation === 'delete') delete config[change.name];
        else if (change.value !== undefined) config[change.name] = change.value;
      }
      return { type, name, error: undefined };
    });
  }

  #place(from: number, to: number, count: number): PartitionMetadata[] {
    return Array.from({ length: to - from }, (_, index) => {
      const replicas = Array.from(
        { length: count },
        (__, copy) => this.brokers[(from + index + copy) % this.brokers.length] ?? 0,
      );
      return {
        partition: from + index,
        fault: undefined,
        leader: replicas[0],
        replicas,
        inSync: replicas,
        offline: [],
      };
    });
  }
}
