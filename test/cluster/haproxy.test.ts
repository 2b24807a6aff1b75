/** haproxy.cfg by its meaning: who is behind which listener, under which checks, and what must never stand in it. */
import { describe, expect, test } from 'vitest';
import { localAddressing, namedAddressing } from '../../cluster/addressing.ts';
import type { Cluster } from '../../cluster/model.ts';
import { word } from '../../cluster/services/haproxy/sections.ts';
import {
  checks,
  hardStopSeconds,
  idleClientSeconds,
  leaveMs,
  longestAnswerSeconds,
} from '../../cluster/services/haproxy/timing.ts';
import { messagingApiConfigShape } from '../../contracts/messaging-api-config.ts';
import { type Balanced, balancedEnvironment } from './balanced-environment.ts';
import { clusterOf } from './environment-fixture.ts';
import { filesOf, renderAll, textOf } from './rendering.ts';

type Sections = Readonly<Record<string, readonly string[]>>;

/** `backend api` -> its lines, without comments and indentation. */
function sectionsOf(text: string): Sections {
  const sections: Record<string, string[]> = {};
  let lines: string[] = [];
  for (const line of text.split('\n')) {
    if (/^[a-z]/.test(line)) sections[line] = lines = [];
    else if (line.trim() !== '' && !line.trim().startsWith('#')) lines.push(line.trim());
  }
  return sections;
}

const cfgOf = (cluster: Cluster, node = 'balancer-1') => filesOf(cluster)[`${node}/haproxy.cfg`] ?? '';
const sections = (balanced: Balanced = {}) => sectionsOf(cfgOf(clusterOf(balancedEnvironment(balanced))));
const words = (lines: readonly string[] | undefined, first: string) =>
  (lines ?? []).filter((line) => line.startsWith(`${first} `)).map((line) => line.split(' '));

/** What an operator would call a hole or a lost request, as sentences; none for a good file. */
function faults(text: string): readonly string[] {
  const found = sectionsOf(text);
  const api = found['backend api'] ?? [];
  const has = (lines: readonly string[] | undefined, line: string) => lines?.includes(line) === true;
  const all = Object.values(found).flat();
  const retries = api.findIndex((line) => line.startsWith('http-request disable-l7-retry unless '));
  const allowed = (api[retries] ?? '').replace('http-request disable-l7-retry unless ', '').split(' || ');
  const unverified = all.filter(
    (line) => /^(default-server|server) .*\b(verify none)\b/.test(line) || /ssl-server-verify none/.test(line),
  );
  return [
    ...unverified.map((line) => `unverified: ${line}`),
    ...words(api, 'default-server').flatMap((line) =>
      ['ssl', 'check', 'verify', 'required', 'ca-file']
        .filter((each) => !line.includes(each))
        .map((each) => `no ${each}`),
    ),
    ...words(api, 'server').flatMap((line) =>
      ['verifyhost', 'check-sni'].filter((each) => !line.includes(each)).map((each) => `${line[1]}: no ${each}`),
    ),
    // Asked for by SNI, a name that does not match ends the request, though another node would serve it.
    ...words(api, 'server').flatMap((line) => (line.includes('sni') ? [`${line[1]}: never retried`] : [])),
    ...(retries < 0 || allowed.some((each) => !['METH_GET', 'is_pull'].includes(each))
      ? ['a publish may be sent twice']
      : []),
    ...(has(api, 'acl is_pull path_end :pull') ? [] : ['is_pull is something else']),
    ...(has(found['frontend api'], 'option idle-close-on-response') ? [] : ['a reload cuts idle clients']),
    ...all.filter((line) => /accept-invalid|stats (auth|admin)|stick|http-reuse (always|aggressive)/.test(line)),
    ...Object.entries(found)
      .filter(([head, lines]) => head !== 'frontend stats' && lines.some((line) => /stats|prometheus/.test(line)))
      .map(([head]) => `figures at ${head}`),
    ...all.filter(
      (line) => /log-format/.test(line) && /%(\{[^}]*\})?(r|HU|HQ|hr|hs|HP)\b|\bhdr\b|\burl\b|query/.test(line),
    ),
  ];
}

describe('haproxy.cfg', () => {
  test('has every API node with its own name, which is verified', () => {
    const servers = words(sections({ api: [1, 2, 6] })['backend api'], 'server');
    expect(servers.map((line) => line.slice(0, 3))).toEqual([
      ['server', 'api-1', '127.0.0.51:8080'],
      ['server', 'api-2', '127.0.0.52:8080'],
      ['server', 'api-6', '127.0.0.56:8080'],
    ]);
    expect(servers[2]?.join(' ')).toContain('verifyhost api-6.balanced.internal check-sni api-6.balanced.internal');
  });

  test('asks our API whether it is ready, and upstream’s, which knows no such question, whether it answers', () => {
    expect(sections()['backend api']).toContainEqual(
      expect.stringContaining('http-check send meth GET uri /ready ver'),
    );
    expect(sections({ upstream: true })['backend api']).toContainEqual(
      expect.stringContaining('http-check send meth GET uri /v1/status ver'),
    );
  });

  test('passes logins through to the authentication service, and gRPC to one push server at a time where they are upstream’s', () => {
    const ours = sections();
    expect(ours['frontend auth']).toEqual(expect.arrayContaining(['mode tcp', 'default_backend auth']));
    expect(ours['frontend push']).toBeUndefined();
    const upstream = sections({ upstream: true, push: 3 });
    expect(upstream['frontend push']).toContain('mode tcp');
    const servers = words(upstream['backend push'], 'server');
    expect(servers.map((line) => line.includes('backup'))).toEqual([false, true, true]);
  });

  test('an API node is told of the balancer’s push listener exactly where there is one', () => {
    const push = (balanced: Balanced) => {
      const files = renderAll(clusterOf(balancedEnvironment(balanced)));
      const file = files.find(({ path }) => path.endsWith('/api-1/messaging-api/conf/config.json'));
      const config = JSON.parse(file === undefined ? '{}' : textOf(file).replace(/\{\{.*?\}\}/g, ''));
      return [config.push_server_host, config.push_server_port, config.ensemble.pushServers];
    };
    expect(push({ upstream: true, push: 2 })).toEqual(['127.0.0.91', 9443, ['127.0.0.91:9443']]);
    expect(push({ push: 2 })).toEqual(['127.0.0.71', 9000, ['127.0.0.71:9000', '127.0.0.72:9000']]);
  });

  test('balancers share what an API node takes at one time, and leave some of it to others', () => {
    const { connections } = messagingApiConfigShape.parse({}).ensemble.limits;
    for (const balancers of [1, 2, 3]) {
      const [line] = words(sections({ balancers })['backend api'], 'default-server');
      const share = Number(line?.[line.indexOf('maxconn') + 1]);
      expect(share).toBeGreaterThan(0);
      expect(share * balancers).toBeLessThan(connections);
    }
  });

  test('its connections follow from the machine, within what a process may open', () => {
    const maxconn = (balancerMemoryMiB: number) =>
      Number(words(sections({ balancerMemoryMiB }).global, 'maxconn')[0]?.[1]);
    expect(maxconn(512)).toBeGreaterThan(1_000);
    expect(maxconn(2_048)).toBeGreaterThan(maxconn(512));
    expect(maxconn(1_048_576)).toBeLessThan(10_000);
  });

  test('times agree: a pull ends before its connection, a leaving node outlasts its checks, a stop outlasts idle clients', () => {
    expect(longestAnswerSeconds).toBeGreaterThan(300);
    expect(hardStopSeconds).toBeGreaterThan(longestAnswerSeconds);
    const { drainMs } = messagingApiConfigShape.parse({}).ensemble;
    expect(leaveMs).toBeGreaterThan(checks.interMs + checks.fall * checks.fastInterMs);
    expect(leaveMs).toBeLessThan(drainMs);
    expect(checks.slowStartSeconds * 1_000).toBeGreaterThan(checks.interMs);
    const rendered = sections()['frontend api']?.find((line) => line.includes('Keep-Alive'));
    expect(Number(/timeout=(\d+)/.exec(rendered ?? '')?.[1])).toBeLessThan(idleClientSeconds);
  });

  test('is the same for every target but for addresses, ports and paths', () => {
    const cluster = clusterOf(balancedEnvironment());
    const here =
      filesOf(cluster, localAddressing(cluster, { kind: 'loopback' }, '/state'))['balancer-1/haproxy.cfg'] ?? '';
    const there = filesOf(cluster, namedAddressing(cluster))['balancer-1/haproxy.cfg'] ?? '';
    const plain = (text: string) =>
      text
        .replace(/(bind |server \S+ )\S+/g, '$1ADDRESS')
        .replaceAll('/state/nodes/balancer-1/haproxy/conf', '/etc/ensemble/haproxy')
        .replace(/^resolvers names\n(?: .*\n)+\n/m, '')
        .replaceAll(' resolvers names resolve-prefer ipv4', '')
        .replace(/[0-9a-f]{32}/, 'DIGEST');
    expect(plain(here)).toBe(plain(there));
    // Names are asked for again while it runs; without an answer, the address of before stays.
    expect(here).not.toContain('resolvers');
    expect(there).toMatch(/^resolvers names\n(?: .*\n)* {2}hold timeout 1d\n/m);
    expect(there.match(/default-server .* resolvers names /g)).toHaveLength(2);
    expect(there).toContain('server api-2 api-2.balanced.internal:8080 ');
  });

  test('says by its digest when anything in it changed, and only then', () => {
    const digest = (balanced: Balanced) => /[0-9a-f]{32}/.exec(cfgOf(clusterOf(balancedEnvironment(balanced))))?.[0];
    expect(digest({})).toBe(digest({}));
    expect(digest({ api: [1, 2, 3] })).not.toBe(digest({}));
  });

  test('every line stands under a reason', () => {
    const blocks = cfgOf(clusterOf(balancedEnvironment({ upstream: true }))).split('\n');
    const bare = blocks.filter((line, index) => /^ {2}[a-z]/.test(line) && /^[a-z]/.test(blocks[index - 1] ?? ''));
    expect(bare).toEqual([]);
  });

  test('its certificate and key are secrets, and neither is in the file', () => {
    const files = filesOf(clusterOf(balancedEnvironment()));
    expect(files['balancer-1/keystore.pem']).toBe('{{{"secret":"tls/balancer-1.keystore.pem"}}}');
    expect(files['balancer-1/haproxy.cfg']).not.toContain('{{');
  });
});

describe('what must not stand in haproxy.cfg', () => {
  const good = cfgOf(clusterOf(balancedEnvironment({ upstream: true, push: 2 })));

  test('is not there', () => {
    expect(faults(good)).toEqual([]);
  });

  const planted: readonly (readonly [string, string, string])[] = [
    ['a server that is not verified', 'verify required', 'verify none'],
    ['a server without the authority', ' ca-file ', ' ca-sign-file '],
    ['a name that is not verified', ' verifyhost ', ' namespace '],
    ['a wrong name that ends a request', ' verifyhost ', ' sni str(api-1.balanced.internal) verifyhost '],
    ['a name that is not verified by the checks', ' check-sni ', ' check-alpn '],
    ['retries of everything', '  http-request disable-l7-retry unless METH_GET || is_pull\n', ''],
    ['retries of publishes', 'METH_GET || is_pull', 'METH_GET || METH_POST'],
    ['a pull that is a publish', 'path_end :pull', 'path_end :pull :publish'],
    ['idle clients that are cut', '  option idle-close-on-response\n', ''],
    ['invalid requests', '  option http-buffer-request\n', '  option accept-invalid-http-request\n'],
    ['a user of the figures', '  stats enable\n', '  stats enable\n  stats auth admin:admin\n'],
    ['figures for clients', '  default_backend api\n', '  stats uri /stats\n  default_backend api\n'],
    ['a request line in the log', '"path":"%[var(txn.path),json(utf8s)]"', '"path":"%HU"'],
  ];
  test.each(planted)('%s is caught', (_what, from, to) => {
    expect(good).toContain(from);
    expect(faults(good.replace(from, to))).not.toEqual([]);
  });
});

test('a word of a path is one word of HAProxy, whatever stands in it', () => {
  expect(word('/etc/ensemble/haproxy/tls/ca.pem')).toBe('/etc/ensemble/haproxy/tls/ca.pem');
  expect(word('/my home/é#"\'\\$x')).toBe('/my\\x20home/\\xc3\\xa9\\x23\\x22\\x27\\x5c\\x24x');
});
