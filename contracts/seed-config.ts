/**
 * The seed's file: what the environment declares to be in the database of the messaging API, and in that of the authentication service. The environment's
 * settings are resolved by then: names are whole, defaults are filled in, tokens are text. References between entries are checked here, so that a run
 * that starts knows where it goes.
 */
import { z } from 'zod';
import { knownRoles } from './messaging-roles.ts';

/** The API's own rule for names in paths (reference, section 1): what is seeded must be reachable. */
const name = z.string().regex(/^[a-zA-Z0-9_-]+$/, 'letters, digits, _ and - only');
const token = z.string().min(16, 'at least 16 characters');
const role = z.string().refine((each) => knownRoles.includes(each), `one of ${knownRoles.join(', ')}`);

const user = z.strictObject({
  name,
  email: z.string().default(''),
  token,
  /** Roles in the whole service, such as service_admin. */
  service_roles: z.array(role).default([]),
  projects: z.array(z.strictObject({ project: name, roles: z.array(role).default([]) })).default([]),
});

const topic = z.strictObject({
  name,
  /** The Kafka topic that it stands for; absent: the API's own, `{project uuid}.{name}`. */
  kafka_topic: z.string().min(1).max(249).optional(),
  /** Names of users. */
  publishers: z.array(name).default([]),
});

const subscription = z.strictObject({
  name,
  /** A topic of the same project. */
  topic: name,
  /** The API's default and bounds. */
  ackDeadlineSeconds: z.int().min(0).max(600).default(10),
  /** Names of users. */
  consumers: z.array(name).default([]),
});

const project = z.strictObject({
  name,
  description: z.string().default(''),
  topics: z.array(topic).default([]),
  subscriptions: z.array(subscription).default([]),
});

const authMethod = z
  .strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65_535),
    access_key: z.string().min(1).optional(),
    headers: z.record(z.string(), z.string()).optional(),
  })
  .refine(({ access_key, headers }) => (access_key === undefined) !== (headers === undefined), {
    message: 'either access_key or headers',
  });

const binding = z.strictObject({
  name,
  host: z.string().min(1),
  /** The certificate's subject, as the service writes it: `CN=operator`. */
  auth_identifier: z.string().min(1),
  /** A user of the messaging API: his uuid becomes the binding's unique key. */
  user: name,
});

const serviceType = z
  .strictObject({
    name,
    type: z.string().min(1).default('ams'),
    hosts: z.array(z.string().min(1)).min(1),
    auth_method: z.enum(['api-key', 'headers']).default('headers'),
    /** How each host is asked for a token. */
    methods: z.array(authMethod).default([]),
    bindings: z.array(binding).default([]),
  })
  .superRefine(({ hosts, auth_method, methods, bindings }, context) => {
    const wanted = auth_method === 'headers' ? 'headers' : 'access_key';
    for (const [at, method] of methods.entries()) {
      if (method[wanted] === undefined) fault(context, ['methods', at], `auth_method ${auth_method} needs ${wanted}`);
      if (!hosts.includes(method.host)) fault(context, ['methods', at, 'host'], `${method.host} is none of the hosts`);
    }
    for (const [at, { host }] of bindings.entries())
      if (!hosts.includes(host)) fault(context, ['bindings', at, 'host'], `${host} is none of the hosts`);
  });

/** The file, parsed; an unknown key is an error, and so is a name that nothing declares. */
export const seedConfigShape = z
  .strictObject({
    /** What follows `mongodb://`: credentials, replicaSet and TLS options are part of it. */
    store_host: z.string().min(1),
    /** The messaging API's database. */
    store_db: z.string().min(1).default('argo_msg'),
    users: z.array(user).default([]),
    /** Absent: nothing is pushed. Its token is the API's `push_worker_token`. */
    push_worker: z.strictObject({ name: name.default('push_worker_0'), token }).optional(),
    projects: z.array(project).default([]),
    /** Absent: no authentication service. */
    auth: z
      .strictObject({ store_db: z.string().min(1).default('argo_authn'), service_types: z.array(serviceType).min(1) })
      .optional(),
    ensemble: z
      .strictObject({
        /** How long the database may take to answer before the run gives up. */
        timeoutMs: z.int().min(1).default(60_000),
      })
      .prefault({}),
  })
  .superRefine((config, context) => {
    const users = [...config.users.map((each) => each.name), ...(config.push_worker ? [config.push_worker.name] : [])];
    const tokens = [...config.users, ...(config.push_worker ? [config.push_worker] : [])].map((each) => each.token);
    const projects = config.projects.map((each) => each.name);
    once(context, ['users'], users);
    if (new Set(tokens).size < tokens.length) fault(context, ['users'], 'two users have the same token');
    once(context, ['projects'], projects);
    for (const [at, each] of config.users.entries()) {
      const path = ['users', at, 'projects'];
      known(
        context,
        path,
        each.projects.map((membership) => membership.project),
        projects,
      );
      once(
        context,
        path,
        each.projects.map((membership) => membership.project),
      );
    }
    for (const [at, { topics, subscriptions }] of config.projects.entries()) {
      const topicNames = topics.map((each) => each.name);
      once(context, ['projects', at, 'topics'], topicNames);
      once(
        context,
        ['projects', at, 'subscriptions'],
        subscriptions.map((each) => each.name),
      );
      for (const [index, each] of topics.entries())
        known(context, ['projects', at, 'topics', index, 'publishers'], each.publishers, users);
      for (const [index, each] of subscriptions.entries()) {
        known(context, ['projects', at, 'subscriptions', index, 'topic'], [each.topic], topicNames);
        known(context, ['projects', at, 'subscriptions', index, 'consumers'], each.consumers, users);
      }
    }
    const types = config.auth?.service_types ?? [];
    once(
      context,
      ['auth', 'service_types'],
      types.map((each) => each.name),
    );
    once(
      context,
      ['auth', 'service_types'],
      types.flatMap(({ bindings }) => bindings.map((each) => each.name)),
    );
    for (const [at, { bindings }] of types.entries())
      known(
        context,
        ['auth', 'service_types', at, 'bindings'],
        bindings.map((each) => each.user),
        users,
      );
  });

export type SeedConfig = z.output<typeof seedConfigShape>;

type Context = z.core.$RefinementCtx;

function fault(context: Context, path: readonly PropertyKey[], message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}

function known(context: Context, path: readonly PropertyKey[], names: readonly string[], declared: readonly string[]) {
  for (const each of names) if (!declared.includes(each)) fault(context, path, `${each} is not declared in this file`);
}

function once(context: Context, path: readonly PropertyKey[], names: readonly string[]): void {
  for (const each of new Set(names.filter((one, at) => names.indexOf(one) !== at)))
    fault(context, path, `${each} is declared twice`);
}
