/**
 * haproxy.cfg: what every part of it shares, and who listens where; the pools of servers are in pools.ts.
 * Sources: HAProxy's configuration and management manuals, 2.4 to 3.x; Mozilla's "intermediate" table for TLS; reasons beside each line.
 */
import { createHash } from 'node:crypto';
import { messagingApiConfigShape } from '../../../contracts/messaging-api-config.ts';
import { configurationPath, type Site } from '../service.ts';
import { apiPool, authPool, needsPushPool, pushPool, reachesByName } from './pools.ts';
import { because, quoted, renderSections, type Section, word } from './sections.ts';
import type { HaproxySettings } from './settings.ts';
import { hardStopSeconds, idleClientSeconds, longestAnswerSeconds, privateConnectionSeconds } from './timing.ts';

/** The API's own limit, so that a body passes both or neither. */
const bodyBytes = messagingApiConfigShape.parse({}).ensemble.limits.bodyBytes;

export interface HaproxyCfg {
  readonly text: string;
  /** Tells one configuration from another: /health answers with it, so that whoever asks for a reload sees which one serves. */
  readonly digest: string;
}

export function haproxyCfg(site: Site<HaproxySettings>): HaproxyCfg {
  const digest = createHash('sha256').update(render(site, 'unknown')).digest('hex').slice(0, 32);
  return { text: render(site, digest), digest };
}

function render(site: Site<HaproxySettings>, digest: string): string {
  const withPush = needsPushPool(site);
  return renderSections(`HAProxy on ${site.node.id}`, [
    shared(site),
    ...(reachesByName(site) ? [names()] : []),
    defaults(),
    stats(site, digest),
    api(site),
    apiPool(site),
    auth(site),
    authPool(site),
    ...(withPush ? [push(site), pushPool(site)] : []),
  ]);
}

function shared({ node, settings }: Site<HaproxySettings>): Section {
  return {
    head: 'global',
    said: [
      because('one line an event, to where the other services log', 'log stdout format raw local0'),
      because(
        'a third of the machine’s memory: a worker of before a reload may serve as many again',
        `maxconn ${settings.maxConnections}`,
      ),
      because('a thread for each core of the machine', `nbthread ${node.cpus}`),
      because(
        'the longest pull ends by itself before a worker of before a reload is ended by force',
        `hard-stop-after ${hardStopSeconds}s`,
      ),
      because('workers of before that still serve: a bound for reloads in a loop', 'mworker-max-reloads 10'),
      because(
        'Mozilla’s intermediate table: forward secrecy and authenticated encryption alone',
        'ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets',
        'ssl-default-bind-ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
        'ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
        'ssl-default-server-options ssl-min-ver TLSv1.2',
      ),
      because('a server without a verified certificate is an error in this file', 'ssl-server-verify required'),
    ],
  };
}

function names(): Section {
  return {
    head: 'resolvers names',
    said: [
      because('whom the machine asks', 'parse-resolv-conf'),
      because('twice within the minute that a record is good for', 'hold valid 30s'),
      because(
        'without an answer the address of before stays: whether a node serves, its checks say',
        ...['nx', 'refused', 'timeout', 'other'].map((what) => `hold ${what} 1d`),
      ),
    ],
  };
}

function defaults(): Section {
  return {
    head: 'defaults',
    said: [
      because('the API speaks HTTP; what is passed through says so', 'mode http'),
      because(
        'errors, retries and changes of a server’s state: nodes count what goes well themselves, and a probe is no news',
        'log global',
        'option dontlog-normal',
        'option dontlognull',
      ),
      because('a lost packet and the one sent in its place', 'timeout connect 4s'),
      because(
        'a pull may wait 300 s, and its client with it',
        `timeout client ${longestAnswerSeconds}s`,
        `timeout server ${longestAnswerSeconds}s`,
      ),
      because(
        'a request’s head and the first 16 KiB of its body: slow senders hold no node',
        'timeout http-request 10s',
      ),
      because(
        'how long a client may keep a connection for its next request, and how long a stop may wait for it',
        `timeout http-keep-alive ${idleClientSeconds}s`,
      ),
      because('a node that is full for so long: the client should come back later', 'timeout queue 10s'),
      because('an answer to a check, after its connection', 'timeout check 2s'),
      because(
        'half-closed connections are not kept for the length of a pull',
        'timeout client-fin 10s',
        'timeout server-fin 10s',
      ),
      because(
        'a dead machine or a client behind a forgetful router is noticed in 60 s, not at the end of a pull',
        'option clitcpka',
        'clitcpka-idle 30s',
        'clitcpka-intvl 10s',
        'clitcpka-cnt 3',
        'option srvtcpka',
        'srvtcpka-idle 15s',
        'srvtcpka-intvl 5s',
        'srvtcpka-cnt 3',
      ),
      because('what the balancer answers by itself has the shape of the API’s errors', ...errors),
    ],
  };
}

/** Statuses that HAProxy gives, in the words of the API's own (programs/messaging-api/errors.ts). */
const errors = (
  [
    [400, 'BAD_REQUEST', 'Invalid Request'],
    [403, 'FORBIDDEN', 'Access to this resource is forbidden'],
    [405, 'METHOD_NOT_ALLOWED', 'Method not allowed'],
    [408, 'TIMEOUT', 'The request did not arrive in time'],
    [413, 'INVALID_ARGUMENT', 'Message size is too large'],
    [500, 'INTERNAL_SERVER_ERROR', 'Internal error'],
    [502, 'INTERNAL_SERVER_ERROR', 'The node that served this request ended'],
    [503, 'UNAVAILABLE', 'No node can take this request now, try again later'],
    [504, 'TIMEOUT', 'The node that served this request did not answer in time'],
  ] as const
).map(
  ([code, status, message]) =>
    `http-error status ${code} content-type application/json string ${quoted(JSON.stringify({ error: { code, message, status } }))}`,
);

function stats(site: Site<HaproxySettings>, digest: string): Section {
  return {
    head: 'frontend stats',
    said: [
      because('for operators alone, and it changes nothing: no admin level, no user to guess', bind(site, 'stats')),
      because('whoever asks here asks every few seconds', 'no log'),
      because('it is asked, never told', 'http-request deny deny_status 405 unless METH_GET'),
      because(
        'that a worker serves, which one, and with which configuration',
        `http-request return status 200 content-type text/plain lf-string "${digest} %pid." if { path /health }`,
      ),
      because(
        'that a request would be served: for whoever chooses among balancers',
        'http-request return status 503 content-type text/plain string stopping if { path /ready } { stopping }',
        'http-request return status 503 content-type text/plain string none if { path /ready } { nbsrv(api) lt 1 }',
        'http-request return status 200 content-type text/plain string ready if { path /ready }',
      ),
      because('figures for Prometheus', 'http-request use-service prometheus-exporter if { path /metrics }'),
      because('figures for people', 'stats enable', 'stats uri /', 'stats refresh 10s', 'stats hide-version'),
      because('seconds, not the minutes of a pull', 'timeout client 10s'),
    ],
  };
}

function api(site: Site<HaproxySettings>): Section {
  const certificate = word(configurationPath(site, 'haproxy', 'tls/keystore.pem'));
  return {
    head: 'frontend api',
    said: [
      because('clients speak HTTP/2 or 1.1', `${bind(site, 'api')} ssl crt ${certificate} alpn h2,http/1.1`),
      because(
        'after a reload, the worker of before answers one more request on each idle connection and then closes it: none is lost',
        'option idle-close-on-response',
      ),
      because(
        'a node is chosen once the request is there, so that a slow sender occupies none',
        'option http-buffer-request',
      ),
      because(
        'the path without its query, since tokens stand in queries, and without the token of the one path that has one',
        'http-request set-var(txn.path) path,regsub(":byToken/.*",":byToken/-")',
        `log-format ${quoted(logFormat)}`,
      ),
      because('methods that the API does not have', 'http-request deny deny_status 405 if { method TRACE CONNECT }'),
      because(
        'the API’s own limit, said before the body is sent on',
        `http-request deny deny_status 413 if { req.body_size gt ${bodyBytes} }`,
      ),
      because(
        'who asks is what we see, not what a client writes',
        ...['forwarded', 'x-forwarded-host', 'x-forwarded-port', 'x-real-ip'].map(
          (name) => `http-request del-header ${name}`,
        ),
        'http-request set-header X-Forwarded-For %[src]',
        'http-request set-header X-Forwarded-Proto https',
      ),
      because('no other protocol is spoken through an upgrade', 'http-request del-header upgrade'),
      because(
        'clients that read it let an idle connection go before we do, so that none sends into a closing one',
        `http-response set-header Keep-Alive timeout=${idleClientSeconds - 5}`,
      ),
      because('all of it', 'default_backend api'),
    ],
  };
}

/** JSON as our own programs write it, without query, headers and bodies. */
const logFormat =
  '{"time":"%tr","client":"%ci","method":"%HM","path":"%[var(txn.path),json(utf8s)]","server":"%b/%s","status":%ST,"bytes":%B,"queuedMs":%Tw,"connectMs":%Tc,"totalMs":%Ta,"retries":"%rc","end":"%tsc"}';

function auth(site: Site<HaproxySettings>): Section {
  return passedThrough(
    site,
    'auth',
    'the authentication service reads the client’s certificate from its own TLS session, so that it is passed on unopened',
    'a login takes seconds',
    60,
  );
}

function push(site: Site<HaproxySettings>): Section {
  return passedThrough(
    site,
    'push',
    'gRPC between certificates that only its two ends can show',
    'API nodes keep their connection',
    privateConnectionSeconds,
  );
}

function passedThrough(
  site: Site<HaproxySettings>,
  listener: string,
  why: string,
  whyTimeout: string,
  seconds: number,
): Section {
  return {
    head: `frontend ${listener}`,
    said: [
      because(why, bind(site, listener), 'mode tcp', 'option tcplog'),
      because(whyTimeout, `timeout client ${seconds}s`),
      because('all of it', `default_backend ${listener}`),
    ],
  };
}

function bind({ addressing, node }: Site<HaproxySettings>, listener: string): string {
  return `bind ${addressing.bind(node)}:${addressing.port(node, 'haproxy', listener)}`;
}
