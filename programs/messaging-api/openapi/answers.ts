/**
 * What the API answers with, as JSON Schema (2020-12, as OpenAPI 3.1 has it), by the reference's sections 1, 2 and 7. Every key that an answer may have is
 * named: the tests hold each answer that they see against these.
 */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const whole: Schema = { type: 'integer' };
const yesNo: Schema = { type: 'boolean' };
const time: Schema = { type: 'string', format: 'date-time', description: 'YYYY-MM-DDThh:mm:ssZ' };
const texts: Schema = { type: 'array', items: text };

const ref = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const list = (name: string): Schema => ({ type: 'array', items: ref(name) });

/** All keys are there but those in `optional`, and there are no others. */
function object(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: 'object', properties, required, additionalProperties: false };
}

const paging = {
  nextPageToken: { ...text, description: 'Empty on the last page.' },
  totalSize: { ...whole, description: 'Of all pages.' },
};
const partition = { partition: whole };

const attributes: Schema = { type: 'object', additionalProperties: text };

/** Components of the document, by name. */
export const answers: Readonly<Record<string, Schema>> = {
  Error: object({ error: object({ code: whole, message: text, status: text }) }),
  Nothing: object({}),
  Said: object({ message: text }),
  Topic: object(
    {
      name: { ...text, description: '/projects/P/topics/T' },
      schema: { ...text, description: 'projects/P/schemas/X' },
      created_on: time,
      kafka_topic: { ...text, description: 'Ours: a topic of the environment that this name stands for.' },
    },
    ['schema', 'kafka_topic'],
  ),
  Topics: object({ topics: list('Topic'), ...paging }),
  MessageIds: object({ messageIds: texts }),
  Acl: object({ authorized_users: texts }),
  SubscriptionNames: object({ subscriptions: texts }),
  PushConfig: object({
    type: { enum: ['', 'http_endpoint', 'mattermost'] },
    pushEndpoint: text,
    maxMessages: whole,
    authorizationHeader: object({ type: text, value: text }, ['type', 'value']),
    retryPolicy: object({ type: text, period: { ...whole, description: 'Milliseconds.' } }, ['type', 'period']),
    verificationHash: text,
    verified: yesNo,
    mattermostUrl: text,
    mattermostUsername: text,
    mattermostChannel: text,
    base64Decode: yesNo,
  }),
  Subscription: object(
    {
      name: { ...text, description: '/projects/P/subscriptions/S' },
      topic: { ...text, description: '/projects/P/topics/T' },
      pushConfig: ref('PushConfig'),
      ackDeadlineSeconds: whole,
      pushStatus: text,
      createdOn: time,
    },
    ['pushStatus'],
  ),
  Subscriptions: object({ subscriptions: list('Subscription'), ...paging }),
  ReceivedMessages: object({
    receivedMessages: {
      type: 'array',
      items: object({
        ackId: { ...text, description: 'projects/P/subscriptions/S:OFFSET; of a mapped topic S:PARTITION-OFFSET' },
        message: object(
          {
            messageId: text,
            attributes,
            data: { ...text, description: 'As it was published: base64 by convention.' },
            publishTime: text,
          },
          ['attributes'],
        ),
      }),
    },
  }),
  Offsets: object(
    {
      max: whole,
      min: whole,
      current: whole,
      partitions: { type: 'array', items: object({ ...partition, max: whole, min: whole, current: whole }) },
    },
    ['partitions'],
  ),
  Offset: object({ offset: whole, partitions: { type: 'array', items: object({ ...partition, offset: whole }) } }, [
    'partitions',
  ]),
  Project: object({ name: text, created_on: time, modified_on: time, created_by: text, description: text }, [
    'created_by',
    'description',
  ]),
  Projects: object({ projects: list('Project') }, ['projects']),
  User: object(
    {
      uuid: text,
      projects: {
        type: 'array',
        items: object({ project: text, roles: texts, topics: texts, subscriptions: texts }),
      },
      name: text,
      first_name: text,
      last_name: text,
      organization: text,
      description: text,
      token: { ...text, description: "Shown to the service's admins, and to the user himself." },
      email: text,
      service_roles: texts,
      created_on: time,
      modified_on: time,
      created_by: text,
    },
    ['projects', 'first_name', 'last_name', 'organization', 'description', 'token', 'created_by'],
  ),
  Users: object({ users: list('User'), ...paging }),
  Registration: object(
    {
      uuid: text,
      name: text,
      first_name: text,
      last_name: text,
      organization: text,
      description: text,
      email: text,
      status: { enum: ['pending', 'accepted', 'declined'] },
      activation_token: text,
      registered_at: time,
      decline_comment: text,
      modified_by: text,
      modified_at: time,
    },
    ['decline_comment', 'modified_by', 'modified_at'],
  ),
  Registrations: object({ user_registrations: list('Registration') }),
  Schema: object({
    uuid: text,
    name: { ...text, description: 'projects/P/schemas/X' },
    type: { enum: ['json', 'avro'] },
    schema: {},
  }),
  Schemas: object({ schemas: list('Schema') }),
  Metrics: object({
    metrics: {
      type: 'array',
      items: object({
        metric: text,
        metric_type: { enum: ['counter', 'rate', 'percentage'] },
        value_type: { enum: ['int64', 'float64'] },
        resource_type: text,
        resource_name: text,
        timeseries: { type: 'array', items: object({ timestamp: text, value: { type: 'number' } }) },
        description: text,
      }),
    },
  }),
  Usage: object({
    projects_metrics: object({
      projects: {
        type: 'array',
        items: object({
          project: text,
          message_count: whole,
          average_daily_messages: { type: 'number' },
          topics_count: whole,
          subscriptions_count: whole,
          users_count: whole,
        }),
      },
      total_message_count: whole,
      average_daily_messages: { type: 'number' },
    }),
    total_users_count: whole,
    total_topics_count: whole,
    total_subscriptions_count: whole,
  }),
  UsageReport: object({ va_metrics: ref('Usage'), operational_metrics: ref('Metrics') }),
  Status: object(
    {
      status: { enum: ['ok', 'warning'] },
      push_servers: { type: 'array', items: object({ endpoint: text, status: text }) },
      push_functionality: { const: 'disabled' },
    },
    ['push_servers', 'push_functionality'],
  ),
  Version: object(
    {
      build_time: text,
      golang: text,
      compiler: text,
      os: text,
      architecture: text,
      distro: text,
      hostname: text,
      release: text,
    },
    ['distro', 'hostname', 'release'],
  ),
  Readiness: object({ status: { enum: ['ready', 'not ready'] } }),
};
