/**
 * Figures of topics, subscriptions, projects and the service (reference, section 7), as JSON, and the service's own for Prometheus. What was published
 * through this node is counted to the last message; through another, up to a second ago (publish-counts.ts).
 */
import { hostname } from 'node:os';
import type { DailyCountDocument } from '../../../contracts/messaging-documents.ts';
import { mustBeListed, rolesIn } from '../access.ts';
import { seconds } from '../cursor.ts';
import { absent, invalid } from '../errors.ts';
import { type Call, type Service, Text } from '../service.ts';
import { projectOf, subscriptionOf, topicOf } from './find.ts';

interface Point {
  readonly timestamp: string;
  readonly value: number;
}

type Resource = readonly [type: string, name: string];

const days = 30;

function metric(
  name: string,
  of: Resource,
  timeseries: readonly Point[],
  kind: 'counter' | 'rate' | 'percentage' = 'counter',
) {
  const [resource_type, resource_name] = of;
  const value_type = kind === 'counter' ? 'int64' : 'float64';
  const description = descriptions[name] ?? name;
  return { metric: name, metric_type: kind, value_type, resource_type, resource_name, timeseries, description };
}

const descriptions: Readonly<Record<string, string>> = {
  'topic.number_of_subscriptions': 'Counter that displays the number of subscriptions belonging to a specific topic',
  'topic.number_of_messages': 'Counter that displays the number of messages published to the specific topic',
  'topic.number_of_bytes': 'Counter that displays the total size of data (in bytes) published to the specific topic',
  'topic.publishing_rate':
    'A rate that displays how many messages were published per second between the last two publish events',
  'subscription.number_of_messages':
    'Counter that displays the number of messages consumed from the specific subscription',
  'subscription.number_of_bytes':
    'Counter that displays the total size of data (in bytes) consumed from the specific subscription',
  'subscription.consumption_rate':
    'A rate that displays how many messages were consumed per second between the last two consume events',
};

export async function topicMetrics(service: Service, call: Call): Promise<object> {
  await service.counts.flush();
  const topic = await topicOf(service, call);
  mustBeListed(service, call.caller, 'publisher', topic.acl);
  const { project_uuid, name, msg_num, total_bytes, publish_rate, latest_publish } = topic;
  const of: Resource = ['topic', name];
  const at = seconds(service.now());
  const subscriptions = await service.store.subscriptions.count({ project_uuid, topic: name });
  const counts = await service.store.dailyCounts.find({ project_uuid, topic_name: name });
  return {
    metrics: [
      metric('topic.number_of_subscriptions', of, [{ timestamp: at, value: subscriptions }]),
      metric('topic.number_of_messages', of, [{ timestamp: at, value: msg_num }]),
      metric('topic.number_of_bytes', of, [{ timestamp: at, value: total_bytes }]),
      metric('topic.number_of_daily_messages', of, daily(counts)),
      metric('topic.publishing_rate', of, [{ timestamp: seconds(latest_publish), value: publish_rate }], 'rate'),
    ],
  };
}

export async function subscriptionMetrics(service: Service, call: Call): Promise<object> {
  const subscription = await subscriptionOf(service, call);
  mustBeListed(service, call.caller, 'consumer', subscription.acl);
  const { name, msg_num, total_bytes, consume_rate, latest_consume } = subscription;
  const of: Resource = ['subscription', name];
  const at = seconds(service.now());
  return {
    metrics: [
      metric('subscription.number_of_messages', of, [{ timestamp: at, value: msg_num }]),
      metric('subscription.number_of_bytes', of, [{ timestamp: at, value: total_bytes }]),
      metric(
        'subscription.consumption_rate',
        of,
        [{ timestamp: seconds(latest_consume), value: consume_rate }],
        'rate',
      ),
    ],
  };
}

export async function projectMetrics({ store, now, counts: gathered }: Service, call: Call): Promise<object> {
  await gathered.flush();
  const { uuid: project_uuid, name } = projectOf(call);
  const [topics, subscriptions, counts] = await Promise.all([
    store.topics.find({ project_uuid }),
    store.subscriptions.find({ project_uuid }),
    store.dailyCounts.find({ project_uuid }),
  ]);
  const listed = [...new Set([...topics, ...subscriptions].flatMap(({ acl }) => acl ?? []))];
  const users = listed.length === 0 ? [] : await store.users.find({ uuid: listed });
  const timestamp = seconds(now());
  const perUser = (suffix: string, of: readonly { readonly acl: readonly string[] | null }[]) =>
    users.flatMap((user) => {
      const value = of.filter(({ acl }) => acl?.includes(user.uuid)).length;
      return value === 0
        ? []
        : [
            metric(
              `project.user.number_of_${suffix}`,
              ['project.user', `${name}.${user.name}`],
              [{ timestamp, value }],
            ),
          ];
    });
  const of: Resource = ['project', name];
  return {
    metrics: [
      metric('project.number_of_topics', of, [{ timestamp, value: topics.length }]),
      metric('project.number_of_subscriptions', of, [{ timestamp, value: subscriptions.length }]),
      ...perUser('topics', topics),
      ...perUser('subscriptions', subscriptions),
      metric('project.number_of_daily_messages', of, daily(counts)),
    ],
  };
}

/** Messages by day, the last days first. */
function daily(counts: readonly DailyCountDocument[]): readonly Point[] {
  const sums = new Map<string, number>();
  for (const { date, msg_count } of counts) {
    const day = date.toISOString().slice(0, 10);
    sums.set(day, (sums.get(day) ?? 0) + msg_count);
  }
  return [...sums]
    .map(([timestamp, value]) => ({ timestamp, value }))
    .sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1))
    .slice(0, days);
}

/** One document for each node, replaced at every look: upstream adds one each time. */
export async function serviceMetrics({ store, now, counts }: Service, { query }: Call): Promise<object> {
  const { user, system } = process.cpuUsage();
  const cpu = Math.min(100, (user + system) / (process.uptime() * 10_000));
  const mem = (process.memoryUsage().rss / 1024 / 1024 / 1024) * 100;
  await store.nodeMetrics.change({ hostname: hostname() }, { set: { cpu, mem }, insertMissing: true });
  const nodes = await store.nodeMetrics.find({});
  if (query.get('format') === 'prometheus') {
    await counts.flush();
    const [topics, subscriptions, projects] = await Promise.all([
      store.topics.find({}),
      store.subscriptions.find({}),
      store.projects.count({}),
    ]);
    return new Text(
      prometheus([
        ['ams_process_resident_memory_bytes', 'gauge', process.memoryUsage().rss],
        ['ams_process_cpu_seconds_total', 'counter', (user + system) / 1e6],
        ['ams_projects', 'gauge', projects],
        ['ams_topics', 'gauge', topics.length],
        ['ams_subscriptions', 'gauge', subscriptions.length],
        ['ams_published_messages_total', 'counter', topics.reduce((sum, { msg_num }) => sum + msg_num, 0)],
        ['ams_pulled_messages_total', 'counter', subscriptions.reduce((sum, { msg_num }) => sum + msg_num, 0)],
      ]),
    );
  }
  const timestamp = seconds(now());
  return {
    metrics: nodes.flatMap((node) => [
      metric('ams_node.cpu_usage', ['ams_node', node.hostname], [{ timestamp, value: node.cpu }], 'percentage'),
      metric('ams_node.memory_usage', ['ams_node', node.hostname], [{ timestamp, value: node.mem }], 'percentage'),
    ]),
  };
}

function prometheus(rows: readonly (readonly [name: string, type: string, value: number])[]): string {
  return rows.map(([name, type, value]) => `# TYPE ${name} ${type}\n${name} ${value}\n`).join('');
}

export async function vaMetrics(service: Service, { query }: Call): Promise<object> {
  const asked = (query.get('projects') ?? '').split(',').filter((name) => name !== '');
  const all = await service.store.projects.find(asked.length === 0 ? {} : { name: asked });
  const missing = asked.find((name) => !all.some((project) => project.name === name));
  if (missing !== undefined) throw absent(`Project ${missing}`);
  return usage(service, all, query);
}

export async function usageReport(service: Service, { caller, query }: Call): Promise<object> {
  const { user } = caller;
  const uuids = (user?.projects ?? []).map((each) => each.project_uuid);
  const own = uuids.filter((uuid) => user !== undefined && rolesIn(user, uuid).includes('project_admin'));
  const projects = own.length === 0 ? [] : await service.store.projects.find({ uuid: own });
  return { va_metrics: await usage(service, projects, query), operational_metrics: { metrics: [] } };
}

async function usage(
  { store, now, counts: gathered }: Service,
  projects: readonly { readonly uuid: string; readonly name: string }[],
  query: URLSearchParams,
): Promise<object> {
  await gathered.flush();
  const from = day(query.get('start_date') ?? '', new Date(0));
  const until = day(query.get('end_date') ?? '', now());
  const span = (first: Date) => Math.max(1, Math.round((until.getTime() - first.getTime()) / 86_400_000) + 1);
  const rows = await Promise.all(
    projects.map(async ({ uuid, name }) => {
      const counts = (await store.dailyCounts.find({ project_uuid: uuid })).filter(
        ({ date }) => date >= from && date <= until,
      );
      const message_count = counts.reduce((sum, { msg_count }) => sum + msg_count, 0);
      const first = new Date(
        Math.max(from.getTime(), Math.min(...counts.map(({ date }) => date.getTime()), until.getTime())),
      );
      return {
        project: name,
        message_count,
        average_daily_messages: message_count / span(first),
        topics_count: await store.topics.count({ project_uuid: uuid }),
        subscriptions_count: await store.subscriptions.count({ project_uuid: uuid }),
        users_count: await store.users.count({ 'projects.project_uuid': uuid }),
      };
    }),
  );
  const busy = rows.filter(({ message_count }) => message_count > 0);
  const sum = (field: 'message_count' | 'average_daily_messages' | 'topics_count' | 'subscriptions_count') =>
    busy.reduce((total, row) => total + row[field], 0);
  const uuids = projects.map(({ uuid }) => uuid);
  return {
    projects_metrics: {
      projects: busy,
      total_message_count: sum('message_count'),
      average_daily_messages: sum('average_daily_messages'),
    },
    total_users_count: uuids.length === 0 ? 0 : await store.users.count({ 'projects.project_uuid': uuids }),
    total_topics_count: sum('topics_count'),
    total_subscriptions_count: sum('subscriptions_count'),
  };
}

function day(text: string, otherwise: Date): Date {
  if (text === '') return otherwise;
  const date = new Date(`${text}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(date.getTime()))
    throw invalid('Time is not in valid Zulu format.');
  return date;
}
