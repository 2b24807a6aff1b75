/** What the platform's part of an environment is refused for, each with its place and what to do. */
import { describe, expect, test } from 'vitest';
import { change, faultsOf } from './environment-fixture.ts';

const metadata = 'metadata: { count: 3, machine: t3.small, volumeGiB: 10 }\n';
const api = 'api: { count: 2, machine: t3.small }\n';
const add = (lines: string) => change({ 'topics: topics.yaml\n': `topics: topics.yaml\n${lines}` });
const declared = (lines: string) => add(`${metadata}api:\n  count: 2\n  machine: t3.small\n${lines}`);

describe('the platform is refused', () => {
  test.each([
    [
      'an API without a metadata store',
      add(api),
      '14:1: api: expected metadata beside it (the messaging API keeps projects, subscriptions and users in it), found api alone; add metadata, or remove api',
    ],
    [
      'push servers without an API',
      add('push: { count: 1, machine: t3.small }\n'),
      '14:1: push: expected api beside it (push servers pull from it), found push alone; add api, or remove push',
    ],
    [
      'a balancer without an API',
      add('balancer: { count: 1, machine: t3.small }\n'),
      '14:1: balancer: expected api beside it (it is what the balancer stands in front of), found balancer alone; add api, or remove balancer',
    ],
    [
      'an even number of members',
      add(metadata.replace('count: 3', 'count: 2')),
      '14:13: metadata.count: expected an odd number of members, 1 to 7, of which a majority must live, found 2; write 3',
    ],
    [
      'no API node at all',
      add(`${metadata}${api.replace('count: 2', 'count: 0')}`),
      '15:8: api.count: expected at least one node, found 0; write 1 or more, or leave api out',
    ],
    [
      'a publisher whom nobody declares',
      declared('  projects: { p: { topics: { t: { publishers: [ghost] } } } }\n'),
      '18:48: api.projects.p.topics.t.publishers[0]: expected a user of this file, found ghost; declare it under api.users',
    ],
    [
      'a subscription to a topic that is none',
      declared('  projects: { p: { subscriptions: { s: { topic: t } } } }\n'),
      '18:42: api.projects.p.subscriptions.s.topic: expected a topic of the project p, found t; declare it under api.projects.p.topics',
    ],
    [
      'a user of a project that is none',
      declared('  users: { u: { email: u@example.org, projects: { p: [publisher] } } }\n'),
      '18:51: api.users.u.projects.p: expected a project of this file, found p; declare it under api.projects',
    ],
    [
      'a user of a name that the platform takes',
      declared('  users: { admin: { email: a@example.org } }\n'),
      '18:12: api.users.admin: expected another name, found admin, which the platform makes itself; choose another one',
    ],
    [
      'one topic of the manifest for two topics of the API',
      declared('  projects: { p: { topics: { a: { kafka: x }, b: { kafka: x } } } }\n'),
      '18:52: api.projects.p.topics.b.kafka: expected a topic of the manifest for one project alone, found x, which p/a has; choose one of the two',
    ],
    [
      'upstream’s program without its checksum',
      declared('  program: { upstream: { from: ./argo-messaging } }\n'),
      '18:14: api.program.upstream.sha256: expected text, found nothing; add it',
    ],
  ])('%s', (_what, text, fault) => {
    expect(faultsOf(text)).toEqual([`e.yaml:${fault}`]);
  });

  test('not where everything that it needs is there', () => {
    expect(faultsOf(declared('push: { count: 1, machine: t3.small }\n'))).toEqual([]);
  });
});
