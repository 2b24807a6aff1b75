/**
 * How to reach a cluster that guards itself, from the file that Kafka's own tools take with --command-config, or librdkafka's (kcat -F).
 *
 * Source: Kafka 3.9 documentation, "Admin Configs" and "Security"; librdkafka's CONFIGURATION.md. Keys outside security.*, ssl.* and sasl.* are left to the
 * programs that they are for. Within them every key is understood or refused: a guard that is read and not kept is worse than an error.
 */
import { dirname, resolve } from 'node:path';
import { clientPropertiesInvalid } from '../errors.ts';
import type { SaslOptions } from './broker-link.ts';

/** What the file asks for; PEM files are named, not read. Paths are absolute. */
export interface ClientProperties {
  readonly bootstrap: readonly string[];
  readonly tls: TlsFiles | undefined;
  readonly sasl: SaslOptions | undefined;
}

export interface TlsFiles {
  readonly authorityFile: string | undefined;
  /** Certificate chain; the private key is in it too where keyFile is absent. */
  readonly certificateFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly passphrase: string | undefined;
  /** Whether the broker's certificate must name the host: not where ssl.endpoint.identification.algorithm is empty. */
  readonly verifyHost: boolean;
}

interface Property {
  readonly line: number;
  readonly value: string;
}

/** Understood; their values are checked where they are used. */
const understood: ReadonlySet<string> = new Set([
  'security.protocol',
  'ssl.truststore.type',
  'ssl.truststore.location',
  'ssl.ca.location',
  'ssl.keystore.type',
  'ssl.keystore.location',
  'ssl.certificate.location',
  'ssl.key.location',
  'ssl.key.password',
  'ssl.endpoint.identification.algorithm',
  'sasl.mechanism',
  'sasl.mechanisms',
  'sasl.username',
  'sasl.password',
  'sasl.jaas.config',
]);

const protocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;

/** @throws EnsembleError CLIENT_PROPERTIES_INVALID with every fault, each as `file:line: …` */
export function parseClientProperties(file: string, text: string): ClientProperties {
  const faults: string[] = [];
  const fault = (line: number, said: string) => faults.push(`${file}:${line}: ${said}`);
  const properties = readProperties(text);
  const value = (...names: readonly string[]) =>
    names.map((name) => properties.get(name)?.value).find((found) => found !== undefined && found !== '');
  const lineOf = (name: string) => properties.get(name)?.line ?? 1;

  for (const [name, { line }] of properties) {
    if (/^(security|ssl|sasl)\./.test(name) && !understood.has(name)) {
      fault(line, `${name} is not understood here; expected one of ${[...understood].join(', ')}`);
    }
  }
  for (const kind of ['ssl.truststore.type', 'ssl.keystore.type']) {
    const type = value(kind);
    if (type !== undefined && type.toUpperCase() !== 'PEM') {
      fault(
        lineOf(kind),
        `${kind} must be PEM, found ${type}; convert it: keytool -importkeystore ... -deststoretype PKCS12, then openssl pkcs12 -nodes`,
      );
    }
  }
  const written = (value('security.protocol') ?? 'PLAINTEXT').toUpperCase();
  const protocol = protocols.find((candidate) => candidate === written);
  if (protocol === undefined)
    fault(lineOf('security.protocol'), `security.protocol must be ${protocols.join(', ')}, found ${written}`);

  const path = (...names: readonly string[]) => {
    const found = value(...names);
    return found === undefined ? undefined : resolve(dirname(file), found);
  };
  const tls: TlsFiles = {
    authorityFile: path('ssl.truststore.location', 'ssl.ca.location'),
    certificateFile: path('ssl.keystore.location', 'ssl.certificate.location'),
    keyFile: path('ssl.key.location'),
    passphrase: value('ssl.key.password'),
    verifyHost: properties.get('ssl.endpoint.identification.algorithm')?.value !== '',
  };
  const sasl = protocol?.startsWith('SASL_') === true ? readSasl(properties, fault) : undefined;
  if (faults.length > 0) throw clientPropertiesInvalid(file, faults);
  return {
    bootstrap: (value('bootstrap.servers', 'metadata.broker.list') ?? '')
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
    tls: protocol?.endsWith('SSL') === true ? tls : undefined,
    sasl,
  };
}

const mechanisms: Readonly<Record<string, SaslOptions['mechanism']>> = {
  PLAIN: 'plain',
  'SCRAM-SHA-256': 'scram-sha-256',
  'SCRAM-SHA-512': 'scram-sha-512',
};

function readSasl(
  properties: ReadonlyMap<string, Property>,
  fault: (line: number, said: string) => void,
): SaslOptions | undefined {
  const named = properties.get('sasl.mechanism') ?? properties.get('sasl.mechanisms');
  const mechanism = mechanisms[named?.value ?? ''];
  if (mechanism === undefined)
    fault(
      named?.line ?? 1,
      `sasl.mechanism must be one of ${Object.keys(mechanisms).join(', ')}, found ${named?.value ?? 'nothing'}`,
    );
  const jaas = properties.get('sasl.jaas.config');
  const username = properties.get('sasl.username')?.value ?? quoted(jaas?.value, 'username');
  const password = properties.get('sasl.password')?.value ?? quoted(jaas?.value, 'password');
  if (username === undefined || password === undefined) {
    fault(
      jaas?.line ?? 1,
      'sasl needs a user name and a password: sasl.jaas.config=... username="..." password="..."; or sasl.username and sasl.password',
    );
  }
  return mechanism === undefined || username === undefined || password === undefined
    ? undefined
    : { mechanism, username, password };
}

/** `username="alice"` of a JAAS line; a backslash keeps the character after it. */
function quoted(jaas: string | undefined, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*"((?:\\\\.|[^"\\\\])*)"`).exec(jaas ?? '');
  return match?.[1]?.replace(/\\(.)/g, '$1');
}

/** java.util.Properties, as far as such files use it: comments, `=` or `:`, and lines that a backslash carries on. */
function readProperties(text: string): ReadonlyMap<string, Property> {
  const properties = new Map<string, Property>();
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = index + 1;
    let whole = lines[index] ?? '';
    if (/^\s*([#!]|$)/.test(whole)) continue;
    while (/(^|[^\\])(\\\\)*\\$/.test(whole) && index + 1 < lines.length) {
      index += 1;
      whole = whole.slice(0, -1) + (lines[index] ?? '').trimStart();
    }
    const [, name = '', value = ''] = /^\s*([^\s=:]+)\s*[=:]?\s*(.*)$/.exec(whole) ?? [];
    properties.set(name, { line, value: value.trimEnd() });
  }
  return properties;
}
