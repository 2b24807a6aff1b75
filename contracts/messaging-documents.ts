/**
 * What the messaging API keeps in its store, field by field as upstream stores it (MongoDB `argo_msg`), so that either program serves the same
 * database; the seed writes the same documents. Ours are `epoch` (absent means 0), `kafka_topic` of a topic, and the `partitions` of a subscription
 * with what belongs to them (decision 0020): upstream passes over all of them.
 */

/** The year 1, which is how upstream says "never". */
export const neverYet = new Date('0001-01-01T00:00:00Z');

export interface ProjectDocument {
  readonly uuid: string;
  readonly name: string;
  readonly created_on: Date;
  readonly modified_on: Date;
  /** uuid of a user; empty for the service token. */
  readonly created_by: string;
  readonly description: string;
}

export interface TopicDocument {
  readonly project_uuid: string;
  readonly name: string;
  readonly msg_num: number;
  readonly total_bytes: number;
  readonly latest_publish: Date;
  /** Messages a second at the last publish. */
  readonly publish_rate: number;
  /** Empty: no schema. */
  readonly schema_uuid: string;
  readonly created_on: Date;
  /** uuids of users; upstream leaves null where it never wrote one, as in every list here. */
  readonly acl: readonly string[] | null;
  /** A topic of the manifest that this name stands for, such as `monitoring.pms`; absent: Kafka topic `{project_uuid}.{name}`, one partition. */
  readonly kafka_topic?: string;
}

/** Where a subscription stands in one partition of a mapped topic; the fields mean what they mean in SubscriptionDocument. */
export interface PartitionCursor {
  readonly partition: number;
  readonly offset: number;
  readonly next_offset: number;
  readonly pending_ack: string;
}

export interface SubscriptionDocument {
  readonly project_uuid: string;
  readonly name: string;
  /** The topic's short name. */
  readonly topic: string;
  /** The next message to deliver; -1 where Kafka could not be read at the creation: from the log's start. */
  readonly offset: number;
  /** Behind the last message that was handed out; 0: no acknowledgement is awaited. */
  readonly next_offset: number;
  /** When they were handed out, `YYYY-MM-DDThh:mm:ssZ`; empty when idle. */
  readonly pending_ack: string;
  /** Seconds that a client has to acknowledge. */
  readonly ack: number;
  /** Who last moved the offset: a lower epoch is refused. Absent (upstream wrote it): 0. */
  readonly epoch?: number;
  /** Of a subscription to a mapped topic, in their order; one that is missing is read from its log's start. `offset` and its like are not used then. */
  readonly partitions?: readonly PartitionCursor[];
  /** One more with every move of `partitions`: what a compare-and-set compares. */
  readonly partitions_revision?: number;
  /** The partition that the next pull begins with. */
  readonly partitions_turn?: number;
  /** Empty: pull. */
  readonly push_type: '' | 'http_endpoint' | 'mattermost';
  readonly push_endpoint: string;
  readonly max_messages: number;
  readonly authorization_type: string;
  readonly authorization_header: string;
  readonly retry_policy: string;
  readonly retry_period: number;
  readonly verification_hash: string;
  readonly verified: boolean;
  readonly mattermost_url: string;
  readonly mattermost_username: string;
  readonly mattermost_channel: string;
  readonly base_64_decode: boolean;
  readonly msg_num: number;
  readonly total_bytes: number;
  readonly latest_consume: Date;
  readonly consume_rate: number;
  readonly created_on: Date;
  readonly acl: readonly string[] | null;
}

/** What of a subscription says how it is pushed. */
export type PushFields = Pick<
  SubscriptionDocument,
  | 'push_type'
  | 'push_endpoint'
  | 'max_messages'
  | 'authorization_type'
  | 'authorization_header'
  | 'retry_policy'
  | 'retry_period'
  | 'verification_hash'
  | 'verified'
  | 'mattermost_url'
  | 'mattermost_username'
  | 'mattermost_channel'
  | 'base_64_decode'
>;

/** A subscription that is pulled. */
export const noPush: PushFields = {
  push_type: '',
  push_endpoint: '',
  max_messages: 0,
  authorization_type: '',
  authorization_header: '',
  retry_policy: '',
  retry_period: 0,
  verification_hash: '',
  verified: false,
  mattermost_url: '',
  mattermost_username: '',
  mattermost_channel: '',
  base_64_decode: false,
};

export interface ProjectRoles {
  readonly project_uuid: string;
  readonly roles: readonly string[] | null;
}

export interface UserDocument {
  readonly uuid: string;
  readonly name: string;
  /** In clear, as upstream compares it. */
  readonly token: string;
  readonly email: string;
  readonly projects: readonly ProjectRoles[] | null;
  readonly service_roles: readonly string[] | null;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly organization?: string;
  readonly description?: string;
  readonly created_on: Date;
  readonly modified_on: Date;
  readonly created_by: string;
}

export interface RoleDocument {
  /** The action, such as `topics:publish`. */
  readonly resource: string;
  readonly roles: readonly string[] | null;
}

export interface SchemaDocument {
  readonly project_uuid: string;
  readonly uuid: string;
  readonly name: string;
  readonly type: 'json' | 'avro';
  /** base64 of the schema's JSON. */
  readonly raw_schema: string;
}

export interface DailyCountDocument {
  /** Midnight, UTC. */
  readonly date: Date;
  readonly project_uuid: string;
  readonly topic_name: string;
  readonly msg_count: number;
}

export interface NodeMetricDocument {
  readonly hostname: string;
  /** Percent. */
  readonly cpu: number;
  readonly mem: number;
}

export interface RegistrationDocument {
  readonly uuid: string;
  readonly name: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly organization: string;
  readonly description: string;
  readonly email: string;
  readonly activation_token: string;
  readonly status: 'pending' | 'accepted' | 'declined';
  readonly decline_comment: string;
  readonly registered_at: string;
  readonly modified_by: string;
  readonly modified_at: string;
}
