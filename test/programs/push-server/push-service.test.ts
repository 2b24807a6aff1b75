/** The contract between the messaging API and the push servers: the services as data against the .proto files that others read. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { type PushServerConfig, pushServerConfigShape } from '../../../contracts/push-server-config.ts';
import {
  defineService,
  healthService,
  pushService,
  type SubscriptionMessage,
} from '../../../contracts/push-service.ts';
import { installationRoot } from '../../../platform/installation-root.ts';

const { resolve } = createRequire(import.meta.url);

/** The descriptors that a service's methods carry, as bytes: messages, fields, numbers and methods. */
function descriptorsOf(service: ServiceDefinition): readonly string[] {
  const method = Object.values(service)[0];
  return (method?.requestType.fileDescriptorProtos ?? []).map((bytes) => bytes.toString('base64'));
}

function load(path: string, name: string): ServiceDefinition {
  return loadSync(path, { keepCase: true })[name] as ServiceDefinition;
}

describe('the push service as data', () => {
  it('is contracts/push.proto, descriptor by descriptor', () => {
    const written = load(join(installationRoot(), 'contracts/push.proto'), 'PushService');
    expect(descriptorsOf(pushService)).toHaveLength(1);
    expect(descriptorsOf(pushService)).toEqual(descriptorsOf(written));
  });

  it('differs where one field has another number, so that the comparison can fail', () => {
    const names = { S: { methods: { M: { requestType: 'R', responseType: 'R' } } } };
    const withNumber = (id: number) =>
      descriptorsOf(defineService({ ...names, R: { fields: { a: { type: 'string', id } } } }, 'S'));
    expect(withNumber(1)).not.toEqual(withNumber(2));
  });

  it('sends an activation in the field numbers of section 5', () => {
    const subscription: SubscriptionMessage = {
      full_name: 'n',
      full_topic: 't',
      push_config: {
        push_endpoint: 'e',
        retry_policy: { type: 'linear', period: 3000 },
        max_messages: 5,
        authorization_header: 'a',
        type: 'MATTERMOST',
        mattermost_url: 'u',
        mattermost_username: 'n',
        mattermost_channel: 'c',
        base_64_decode: true,
      },
    };
    const bytes = pushService.ActivateSubscription?.requestSerialize({ subscription });
    const fields = [
      '0a0165',
      '120b0a066c696e65617210b817',
      '1805',
      '220161',
      '2801',
      '320175',
      '3a016e',
      '420163',
      '4801',
    ];
    expect(bytes?.toString('hex')).toBe(`0a2a0a016e1201742222${fields.join('')}`);
  });

  it('has the paths of a service without a package', () => {
    const paths = ['ActivateSubscription', 'DeactivateSubscription', 'Status', 'SubscriptionStatus'];
    expect(Object.values(pushService).map(({ path }) => path)).toEqual(paths.map((name) => `/PushService/${name}`));
  });
});

describe("gRPC's health service as data", () => {
  it('encodes and names its methods as the published .proto does', () => {
    const published = load(
      join(resolve('grpc-health-check/package.json'), '../proto/health/v1/health.proto'),
      'grpc.health.v1.Health',
    );
    for (const name of ['Check', 'Watch']) {
      const [ours, theirs] = [healthService[name], published[name]];
      expect(ours?.path).toBe(theirs?.path);
      expect(ours?.responseStream).toBe(theirs?.responseStream);
      expect(ours?.requestSerialize({ service: 's' })).toEqual(theirs?.requestSerialize({ service: 's' }));
      for (const status of [0, 1, 2, 3])
        expect(ours?.responseSerialize({ status })).toEqual(theirs?.responseSerialize({ status }));
    }
  });
});

describe("the push server's configuration", () => {
  const least = { bind_port: 9000, certificate: 'c', certificate_key: 'k', ams_token: 't', ams_host: 'h' };

  it("takes upstream's keys alone, and text for switches", () => {
    const config: PushServerConfig = pushServerConfigShape.parse({
      ...least,
      verify_ssl: 'false',
      acl: ['api.example.org'],
    });
    expect(config).toMatchObject({ verify_ssl: false, tls_enabled: true, ams_port: 443, ensemble: { leaseMs: 5_000 } });
  });

  it('refuses an unknown key, a missing token, and TLS without a certificate', () => {
    const faults = (changes: object) =>
      pushServerConfigShape.safeParse({ ...least, ...changes }).error?.issues.map(({ path }) => path.join('.'));
    expect(faults({ ensemble: { leasMs: 1 } })).toEqual(['ensemble']);
    expect(faults({ ams_token: '' })).toEqual(['ams_token']);
    expect(faults({ certificate: '' })).toEqual(['certificate']);
    expect(faults({ certificate: '', tls_enabled: false })).toBeUndefined();
  });
});
