/** The servers behind each listener: who they are, when they are asked, and what is done when one does not answer. */
import { messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import type { Group, Id, Node } from '../../model.ts';
import type { MessagingApiSettings } from '../messaging-api/settings.ts';
import { groupRunning, nodeName, nodesRunning } from '../peers.ts';
import type { PushServerSettings } from '../push-server/settings.ts';
import { configurationPath, type Site } from '../service.ts';
import { because, type Said, type Section, word } from './sections.ts';
import type { HaproxySettings } from './settings.ts';
import { answerSeconds, checks, privateConnectionSeconds } from './timing.ts';

type HaproxySite = Site<HaproxySettings>;

/** What an API node takes, less what push servers, operators and checks ask beside the balancers. */
const perNode = messagingApiConfigShape.parse({}).ensemble.limits.connections - 96;

export function apiPool(site: HaproxySite): Section {
  const { cluster, group } = site;
  const share = Math.floor(perNode / Math.max(1, group.nodes.length));
  return {
    head: 'backend api',
    said: [
      because('pulls wait and publishes do not: requests that are open say more than turns', 'balance leastconn'),
      ...checkedBy(site, isUpstream(settingsOf<MessagingApiSettings>(site, 'messaging-api')) ? '/v1/status' : '/ready'),
      because('a request that could not be sent goes to another node, at once', 'option redispatch 1', 'retries 3'),
      because(
        'one that was sent is sent again only where that changes nothing: a publish never',
        'acl is_pull path_end :pull',
        'retry-on conn-failure empty-response',
        'http-request disable-l7-retry unless METH_GET || is_pull',
      ),
      because('only a pull may wait for long', `http-request set-timeout server ${answerSeconds}s unless is_pull`),
      because('a client that went away while it waited in the queue is not served any more', 'option abortonclose'),
      because(
        'a client’s first request has a connection of its own: one that the node closes just then would take it along',
        'http-reuse safe',
      ),
      serverDefaults(site, [
        'ssl',
        'alpn http/1.1',
        `maxconn ${share}`,
        // A node that comes back is cold: its connections to Kafka and the store are being made.
        `slowstart ${checks.slowStartSeconds}s`,
      ]),
      because(
        // Without `sni`: a name that does not match the one that was asked for is never retried, on another node neither (2.6, back_handle_st_cer).
        'the name is verified, for requests as for checks',
        ...nodesRunning(cluster, 'messaging-api').map((node) => {
          const name = nodeName(cluster, node);
          return `${server(site, node, 'messaging-api', 'https')} verifyhost ${name} check-sni ${name}`;
        }),
      ),
    ],
  };
}

export function authPool(site: HaproxySite): Section {
  const { cluster } = site;
  return {
    head: 'backend auth',
    said: [
      because('passed on unopened', 'mode tcp', 'balance leastconn', `timeout server ${answerSeconds}s`),
      ...checkedBy(site, '/ready'),
      because('a connection that could not be made goes to another node, at once', 'option redispatch 1', 'retries 3'),
      serverDefaults(site, ['check-ssl']),
      because(
        'the name is verified by the checks; clients verify it themselves',
        ...nodesRunning(cluster, 'auth').map((node) => {
          const name = nodeName(cluster, node);
          return `${server(site, node, 'auth', 'https')} verifyhost ${name} check-sni ${name}`;
        }),
      ),
    ],
  };
}

/** Upstream's push servers share nothing: two that work at once deliver twice. Ours share subscriptions and are asked directly. */
export function needsPushPool(site: Site<unknown>): boolean {
  const settings = settingsOf<PushServerSettings>(site, 'push-server');
  return settings !== undefined && isUpstream(settings);
}

export function pushPool(site: HaproxySite): Section {
  const { cluster } = site;
  const certificate = word(configurationPath(site, 'haproxy', 'tls/keystore.pem'));
  return {
    head: 'backend push',
    said: [
      because('passed on unopened', 'mode tcp', `timeout server ${privateConnectionSeconds}s`),
      because(
        'they answer gRPC and nothing else: a handshake between verified certificates is the check',
        'option tcp-check',
        'tcp-check connect ssl',
      ),
      serverDefaults(site, ['check-ssl', `crt ${certificate}`, 'on-marked-down shutdown-sessions']),
      because(
        'one works, the others wait, and step back as soon as it returns',
        ...nodesRunning(cluster, 'push-server').map((node, index) => {
          const name = nodeName(cluster, node);
          const place = index === 0 ? 'on-marked-up shutdown-backup-sessions' : 'backup';
          return `${server(site, node, 'push-server', 'grpc')} verifyhost ${name} check-sni ${name} ${place}`;
        }),
      ),
    ],
  };
}

function checkedBy({ group, node }: HaproxySite, path: string): readonly Said[] {
  const host = group.names[0] ?? node.id;
  return [
    because(
      'a node is asked whether it can serve, over the same verified TLS',
      'option httpchk',
      `http-check send meth GET uri ${path} ver HTTP/1.1 hdr Host ${host}`,
      'http-check expect status 200',
    ),
  ];
}

/**
 * `init-addr`: a node whose name is not known yet must not keep the others from being balanced. Where nodes are reached by names, those are asked for
 * again while it runs, so that such a node comes in once it has an address, and one whose address changes is followed; addresses need no asking.
 */
function serverDefaults(site: HaproxySite, more: readonly string[]): Said {
  const { interMs, fastInterMs, fall, rise } = checks;
  const authority = word(configurationPath(site, 'haproxy', 'tls/ca.pem'));
  const asking = reachesByName(site) ? 'resolvers names resolve-prefer ipv4 ' : '';
  return because(
    'out after three checks, and in after two: a doubt is followed up at once',
    `default-server check inter ${interMs}ms fastinter ${fastInterMs}ms downinter ${interMs}ms fall ${fall} rise ${rise} verify required ca-file ${authority} init-addr last,libc,none ${asking}${more.join(' ')}`,
  );
}

/** Whether nodes are reached by names, which may come to mean other addresses. */
export function reachesByName({ addressing, cluster }: HaproxySite): boolean {
  return cluster.groups.some(({ nodes }) => nodes.some((node) => !/^\d+(\.\d+){3}$/.test(addressing.host(node))));
}

function server({ addressing }: HaproxySite, node: Node, service: Id, listener: string): string {
  return `server ${node.id} ${addressing.host(node)}:${addressing.port(node, service, listener)}`;
}

/** A group's settings for a service come from that service's own `derive`. */
function settingsOf<S>({ cluster }: Site<unknown>, service: Id): S | undefined {
  const group: Group | undefined = groupRunning(cluster, service);
  return group?.settings[service] as S | undefined;
}

function isUpstream(settings: Pick<MessagingApiSettings | PushServerSettings, 'program'> | undefined): boolean {
  return settings !== undefined && settings.program !== 'ensemble';
}
