/** How a program reads its file: faults are told with their fields, and nothing of what stands in the file is repeated. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EnsembleError } from '../../contracts/error.ts';
import { replicaSetConfigShape } from '../../contracts/replica-set-config.ts';
import { seedConfigShape } from '../../contracts/seed-config.ts';
import { configArgument, readConfig } from '../../programs/config-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'ensemble-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function faultOf(run: () => unknown): EnsembleError {
  try {
    run();
  } catch (error) {
    if (error instanceof EnsembleError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

function file(text: string): string {
  const path = join(folder, 'config.json');
  writeFileSync(path, text);
  return path;
}

const secret = 'a-secret-of-32-characters-at-least';

describe('the file of a program', () => {
  it('is named by --config and by nothing else', () => {
    expect(configArgument(['--config', 'a.json'])).toBe('a.json');
    expect(faultOf(() => configArgument([])).code).toBe('PROGRAM_USAGE');
    expect(faultOf(() => configArgument(['--confg', 'a.json'])).code).toBe('PROGRAM_USAGE');
    expect(faultOf(() => configArgument(['a.json'])).code).toBe('PROGRAM_USAGE');
  });

  it('may be absent or no JSON, which is told without its text', () => {
    expect(faultOf(() => readConfig(join(folder, 'none.json'), seedConfigShape))).toMatchObject({
      code: 'PROGRAM_CONFIG_UNREADABLE',
    });
    const fault = faultOf(() => readConfig(file(`{ "token": "${secret}" `), seedConfigShape));
    expect(fault.code).toBe('PROGRAM_CONFIG_INVALID');
    expect(JSON.stringify(fault)).not.toContain(secret);
  });

  it('tells every field at fault at once, an unknown one too, and no value', () => {
    const text = JSON.stringify({
      store_host: '',
      users: [{ name: 'a b', token: secret, pasword: secret }],
      projects: 3,
    });
    const fault = faultOf(() => readConfig(file(text), seedConfigShape));
    expect(fault.evidence.join('\n')).toMatch(/store_host: .*users\.0\.name: .*users\.0: .*pasword.*projects: /s);
    expect(JSON.stringify(fault)).not.toContain(secret);
  });
});

describe("the seed's file", () => {
  const good = {
    store_host: 'localhost',
    users: [{ name: 'admin', token: secret, service_roles: ['service_admin'], projects: [{ project: 'P' }] }],
    projects: [
      { name: 'P', topics: [{ name: 'T', publishers: ['admin'] }], subscriptions: [{ name: 'S', topic: 'T' }] },
    ],
  };
  const faults = (config: object) =>
    seedConfigShape.safeParse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

  it('is taken where every name is declared', () => {
    expect(faults(good)).toEqual([]);
  });

  it('names what nothing declares', () => {
    const [project] = good.projects;
    expect(
      faults({
        ...good,
        users: [{ ...good.users[0], projects: [{ project: 'Q' }] }],
        projects: [
          {
            ...project,
            topics: [{ name: 'T', publishers: ['nobody'] }],
            subscriptions: [{ name: 'S', topic: 'U', consumers: ['nobody'] }],
          },
        ],
      }),
    ).toEqual([
      'users.0.projects: Q is not declared in this file',
      'projects.0.topics.0.publishers: nobody is not declared in this file',
      'projects.0.subscriptions.0.topic: U is not declared in this file',
      'projects.0.subscriptions.0.consumers: nobody is not declared in this file',
    ]);
  });

  it('refuses a name or a token that stands twice, and a role that no action asks for', () => {
    const [user] = good.users;
    expect(faults({ ...good, users: [user, user] })).toEqual([
      'users: admin is declared twice',
      'users: two users have the same token',
    ]);
    expect(faults({ ...good, users: [{ ...user, service_roles: ['king'] }] }).join()).toMatch(
      /^users\.0\.service_roles\.0: one of service_admin/,
    );
  });

  it('wants of an auth method what its service type needs, on a host that it names', () => {
    const serviceType = { name: 'ams', hosts: ['api'], methods: [{ host: 'other', port: 443, access_key: 'k' }] };
    expect(faults({ ...good, auth: { service_types: [serviceType] } })).toEqual([
      'auth.service_types.0.methods.0: auth_method headers needs headers',
      'auth.service_types.0.methods.0.host: other is none of the hosts',
    ]);
  });
});

describe("the replica set's file", () => {
  const members = [
    { host: 'master-1:27017', ordinal: 1 },
    { host: 'master-2:27017', ordinal: 2 },
  ];
  const codes = (config: object) =>
    replicaSetConfigShape.safeParse(config).error?.issues.map((each) => each.message) ?? [];

  it('knows itself among its members, and each of them once', () => {
    expect(codes({ set: 'rs', members, self: 'master-2:27017' })).toEqual([]);
    expect(codes({ set: 'rs', members, self: 'master-3:27017' })).toEqual(['master-3:27017 is none of the members']);
    expect(codes({ set: 'rs', members: [members[0], members[0]], self: 'master-1:27017' })).toEqual([
      'a host is there twice',
      'an ordinal is there twice',
    ]);
  });

  it('makes users only where there is an admin to make them', () => {
    const users = [{ name: 'api', password: 'long enough', roles: [{ role: 'readWrite', db: 'argo_msg' }] }];
    expect(codes({ set: 'rs', members, self: 'master-1:27017', users })).toEqual(['only an admin can make users']);
  });
});
