/** The hosts that a certificate names: DNS names and IP addresses in one spelling each, so that two lists can be compared. */
import type { X509Certificate } from 'node:crypto';
import { isIP, isIPv6 } from 'node:net';
import { badHost, noHosts } from './errors.ts';

export interface Host {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

/** RFC 1035 labels; a first label of `*` is a wildcard. */
const dnsName = /^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Sorted and without repetition. Throws SECRETS_BAD_HOST and SECRETS_NO_HOSTS, naming the certificate by `id`. */
export function parseHosts(hosts: readonly string[], id: string): readonly Host[] {
  if (hosts.length === 0) throw noHosts(id);
  const spelled = new Map(hosts.map((host) => [spell(host), host]));
  return [...spelled]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, given]) => {
      if (isIP(value) !== 0) return { type: 'ip', value };
      if (!dnsName.test(value) || /^[\d.]+$/.test(value)) throw badHost(given, id); // 127.0.0.256 is no name
      return { type: 'dns', value };
    });
}

/** The hosts of a certificate of ours, in the spelling of parseHosts(). */
export function hostsOf(certificate: X509Certificate): readonly string[] {
  const names = certificate.subjectAltName?.split(', ') ?? [];
  return names.map((name) => spell(name.replace(/^(DNS|IP Address):/, ''))).sort();
}

function spell(host: string): string {
  // A URL holds the shortest spelling of an IPv6 address (RFC 5952).
  return isIPv6(host) ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host.toLowerCase();
}
