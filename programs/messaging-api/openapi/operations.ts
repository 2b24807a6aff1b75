/**
 * What the document says of each route beyond what the table of routes knows: a sentence, its answer, its query, and the refusals of its own. A route without a
 * row here, or a row without a route, fails a test.
 */
import type { answers } from './answers.ts';

export interface Operation {
  readonly summary: string;
  /** A component; undefined: 200 with an empty body. Two: either, `empty` for the empty body. */
  readonly answer?: keyof typeof answers | readonly (string | 'empty')[];
  readonly query?: Readonly<Record<string, string>>;
  /** Statuses beyond those that every route with a key, a project, a body may answer with. */
  readonly refuses?: readonly number[];
  /** A body may be left out. */
  readonly bodyIsOptional?: true;
  /** It answers with text where `format=prometheus` asks for it. */
  readonly hasText?: true;
}

const paging = {
  pageSize: 'Items on a page; 0, negative or absent: all.',
  pageToken: 'nextPageToken of the page before.',
};
const details = { details: '"true" shows more.' };
const topic = '/projects/{project}/topics/{topic}';
const subscription = '/projects/{project}/subscriptions/{subscription}';
const member = '/projects/{project}/members/{user}';
const schema = '/projects/{project}/schemas/{schema}';

/** By method and path below /v1. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /status': {
    summary: 'Whether the service and its push servers work',
    answer: 'Status',
    query: details,
    refuses: [401, 403],
  },
  'GET /version': { summary: 'What runs here; more of it for admins', answer: 'Version' },
  'GET /metrics': {
    summary: 'Figures of the nodes; as Prometheus text, of the service',
    answer: 'Metrics',
    query: { format: '"prometheus"' },
    hasText: true,
  },
  'GET /metrics/va_metrics': {
    summary: 'Use of projects over time',
    answer: 'Usage',
    query: { projects: 'Names, separated by commas.', start_date: 'YYYY-MM-DD', end_date: 'YYYY-MM-DD' },
    refuses: [400, 404],
  },

  'GET /users': {
    summary: 'Users of the service',
    answer: 'Users',
    query: { ...paging, ...details, project: 'Its members alone.' },
    refuses: [400, 404],
  },
  'GET /users/profile': { summary: 'The user whose key this is', answer: 'User' },
  'GET /users/usageReport': {
    summary: 'Use of the projects whose admin the user is',
    answer: 'UsageReport',
    query: { start_date: 'YYYY-MM-DD', end_date: 'YYYY-MM-DD' },
    refuses: [400],
  },
  'GET /users:byUUID/{uuid}': { summary: 'A user by uuid', answer: 'User', refuses: [404] },
  'GET /users:byToken/{token}': { summary: 'A user by token', answer: 'User', refuses: [404] },
  'GET /users/{user}': { summary: 'A user', answer: 'User', refuses: [404] },
  'POST /users/{user}:refreshToken': { summary: 'Gives a user a new token', answer: 'User', refuses: [404] },
  'POST /users/{user}': { summary: 'Makes a user with a token', answer: 'User', refuses: [409] },
  'PUT /users/{user}': { summary: 'Changes the fields that are given', answer: 'User', refuses: [404, 409] },
  'DELETE /users/{user}': { summary: 'Removes a user', refuses: [404] },

  'GET /registrations': {
    summary: 'People who ask to become users',
    answer: 'Registrations',
    query: {
      name: 'Equal to this.',
      status: 'pending, accepted or declined',
      email: 'Equal to this.',
      organization: 'Equal to this.',
      activation_token: 'Equal to this.',
    },
  },
  'POST /registrations': { summary: 'Asks to become a user', answer: 'Registration', refuses: [409] },
  'GET /registrations/{uuid}': { summary: 'A registration', answer: 'Registration', refuses: [404] },
  'POST /registrations/{uuid}:accept': { summary: 'Makes the user', answer: 'User', refuses: [404, 409] },
  'POST /registrations/{uuid}:decline': { summary: 'Declines, with a comment', answer: 'Nothing', refuses: [404] },
  'DELETE /registrations/{uuid}': { summary: 'Removes a registration', refuses: [404] },

  'GET /projects/{project}/topics': {
    summary: 'Topics of a project, newest first; for a publisher those whose list names him',
    answer: 'Topics',
    query: paging,
  },
  [`GET ${topic}`]: { summary: 'A topic', answer: 'Topic' },
  [`PUT ${topic}`]: { summary: 'Makes a topic', answer: 'Topic', bodyIsOptional: true, refuses: [409] },
  [`DELETE ${topic}`]: { summary: 'Removes a topic and its messages; its subscriptions stay' },
  [`POST ${topic}:publish`]: { summary: 'Publishes messages, all or none', answer: 'MessageIds' },
  [`GET ${topic}:acl`]: { summary: 'Who may publish', answer: 'Acl' },
  [`POST ${topic}:modifyAcl`]: { summary: 'Says who may publish' },
  [`POST ${topic}:attachSchema`]: { summary: 'Holds messages against a schema from now on' },
  [`POST ${topic}:detachSchema`]: { summary: 'Holds messages against no schema any more' },
  [`GET ${topic}:metrics`]: { summary: 'Figures of a topic', answer: 'Metrics' },
  [`GET ${topic}/subscriptions`]: { summary: 'Subscriptions to a topic', answer: 'SubscriptionNames' },

  'GET /projects/{project}/subscriptions': {
    summary: 'Subscriptions of a project, newest first; for a consumer those whose list names him',
    answer: 'Subscriptions',
    query: paging,
  },
  [`GET ${subscription}`]: { summary: 'A subscription', answer: 'Subscription' },
  [`PUT ${subscription}`]: {
    summary: 'Makes a subscription, which begins behind the last message',
    answer: 'Subscription',
    refuses: [409],
  },
  [`DELETE ${subscription}`]: { summary: 'Removes a subscription', answer: ['empty', 'Said'] },
  [`POST ${subscription}:pull`]: {
    summary: 'Gives the next messages, until they are acknowledged',
    answer: 'ReceivedMessages',
    refuses: [409],
  },
  [`POST ${subscription}:acknowledge`]: {
    summary: 'Acknowledges messages up to these, in each partition',
    answer: 'Nothing',
    refuses: [408, 409],
  },
  [`GET ${subscription}:offsets`]: {
    summary: 'Where the log begins and ends, and where the subscription stands',
    answer: 'Offsets',
    refuses: [409],
  },
  [`POST ${subscription}:modifyOffset`]: { summary: 'Moves a subscription', refuses: [409] },
  [`GET ${subscription}:timeToOffset`]: {
    summary: 'The first message from a time on',
    answer: 'Offset',
    query: { time: 'YYYY-MM-DDThh:mm:ss.mmmZ' },
    refuses: [409],
  },
  [`POST ${subscription}:modifyAckDeadline`]: { summary: 'Seconds until an acknowledgement is late, 0 to 600' },
  [`GET ${subscription}:acl`]: { summary: 'Who may pull', answer: 'Acl' },
  [`POST ${subscription}:modifyAcl`]: { summary: 'Says who may pull' },
  [`GET ${subscription}:metrics`]: { summary: 'Figures of a subscription', answer: 'Metrics' },
  [`POST ${subscription}:modifyPushConfig`]: {
    summary: 'Delivers to an endpoint, or, with an empty configuration, to whoever pulls',
    refuses: [409],
  },
  [`POST ${subscription}:verifyPushEndpoint`]: {
    summary: 'Asks the endpoint for its hash, then delivers',
    refuses: [409],
  },

  'GET /projects': { summary: 'Projects', answer: 'Projects' },
  'GET /projects/{project}': { summary: 'A project', answer: 'Project' },
  'POST /projects/{project}': { summary: 'Makes a project', answer: 'Project', refuses: [409] },
  'PUT /projects/{project}': { summary: 'Renames or describes a project', answer: 'Project', refuses: [409] },
  'DELETE /projects/{project}': { summary: 'Removes a project, its topics and subscriptions' },
  'GET /projects/{project}:metrics': { summary: 'Figures of a project', answer: 'Metrics' },

  'GET /projects/{project}/members': {
    summary: 'Members of a project',
    answer: 'Users',
    query: { ...paging, ...details },
  },
  [`GET ${member}`]: { summary: 'A member', answer: 'User' },
  [`POST ${member}`]: { summary: 'Makes a user who is a member', answer: 'User', refuses: [409] },
  [`PUT ${member}`]: { summary: "Changes a member's roles", answer: 'User' },
  [`POST ${member}:add`]: { summary: 'Makes a user a member', answer: 'User', refuses: [409] },
  [`POST ${member}:remove`]: { summary: 'Ends a membership', answer: 'Nothing' },

  'GET /projects/{project}/schemas': { summary: 'Schemas of a project', answer: 'Schemas' },
  [`GET ${schema}`]: { summary: 'A schema', answer: 'Schema' },
  [`POST ${schema}`]: { summary: 'Makes a schema', answer: 'Schema', refuses: [409] },
  [`PUT ${schema}`]: { summary: 'Changes a schema', answer: 'Schema', refuses: [409] },
  [`DELETE ${schema}`]: { summary: 'Removes a schema, from topics too' },
  [`POST ${schema}:validate`]: { summary: 'Holds one message against a schema', answer: 'Said' },
};
