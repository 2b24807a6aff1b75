/** How a person says, in Kafka's own words, how a guarded cluster is reached; and what is refused, with its line. */
import { describe, expect, it } from 'vitest';
import { parseClientProperties } from '../../clients/kafka/client-properties.ts';

const faultsOf = (text: string): readonly string[] => {
  try {
    parseClientProperties('conf/client.properties', text);
  } catch (error) {
    return (error as { evidence: readonly string[] }).evidence;
  }
  return [];
};

describe('a client’s properties', () => {
  it('ask for nothing where there are none', () => {
    expect(parseClientProperties('client.properties', '# a comment\n\n! another\n')).toEqual({
      bootstrap: [],
      tls: undefined,
      sasl: undefined,
    });
  });

  it('name PEM files in Java’s words, relative to the file', () => {
    const text =
      'security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=ca.pem\nssl.keystore.type = PEM\nssl.keystore.location: /keys/me.pem\n';
    const { tls, sasl } = parseClientProperties('/conf/client.properties', text);
    expect(tls).toMatchObject({
      authorityFile: '/conf/ca.pem',
      certificateFile: '/keys/me.pem',
      keyFile: undefined,
      verifyHost: true,
    });
    expect(sasl).toBeUndefined();
  });

  it('name them in librdkafka’s words too, and its list of brokers', () => {
    const text =
      'metadata.broker.list=a:9093, b:9093\nsecurity.protocol=ssl\nssl.ca.location=/ca.pem\nssl.certificate.location=/me.pem\nssl.key.location=/me.key\n';
    const { bootstrap, tls } = parseClientProperties('/conf/kcat.conf', text);
    expect(bootstrap).toEqual(['a:9093', 'b:9093']);
    expect(tls).toMatchObject({ authorityFile: '/ca.pem', certificateFile: '/me.pem', keyFile: '/me.key' });
  });

  it('do not check the host’s name only where the algorithm is said to be empty', () => {
    const withLine = 'security.protocol=SSL\nssl.endpoint.identification.algorithm=\n';
    expect(parseClientProperties('c', withLine).tls?.verifyHost).toBe(false);
    expect(parseClientProperties('c', 'security.protocol=SSL\n').tls?.verifyHost).toBe(true);
  });

  it('sign in with the user and password of a JAAS line, carried on over lines, its quotes kept', () => {
    const text =
      'security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\\n  username="alice" \\\n  password="se\\"cr=et;";\n';
    expect(parseClientProperties('c', text).sasl).toEqual({
      mechanism: 'scram-sha-512',
      username: 'alice',
      password: 'se"cr=et;',
    });
  });

  it('keep no password to themselves where the protocol does not sign in', () => {
    expect(parseClientProperties('c', 'sasl.username=a\nsasl.password=b\n').sasl).toBeUndefined();
  });

  it('are refused with every fault and its line', () => {
    const text = 'security.protocol=TLS\nssl.keystore.type=JKS\nssl.truststor.location=/x\n';
    expect(faultsOf(text)).toEqual([
      expect.stringContaining('conf/client.properties:3: ssl.truststor.location is not understood here'),
      expect.stringContaining('conf/client.properties:2: ssl.keystore.type must be PEM, found JKS; convert it'),
      'conf/client.properties:1: security.protocol must be PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, found TLS',
    ]);
  });

  it('are refused where a sign-in lacks its mechanism or its password', () => {
    expect(faultsOf('security.protocol=SASL_PLAINTEXT\nsasl.mechanism=GSSAPI\nsasl.username=a\n')).toEqual([
      'conf/client.properties:2: sasl.mechanism must be one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, found GSSAPI',
      expect.stringContaining('conf/client.properties:1: sasl needs a user name and a password'),
    ]);
  });

  it('may hold what is for other programs', () => {
    expect(faultsOf('request.timeout.ms=1\nclient.id=x\nacks=all\n')).toEqual([]);
  });
});
