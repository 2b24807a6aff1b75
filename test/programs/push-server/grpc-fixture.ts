/** Clients of a push server's gRPC service, with the certificates of the tests' own authority. */
import { type Client, credentials, Metadata, makeGenericClientConstructor } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { type PushConfigMessage, pushService } from '../../../contracts/push-service.ts';
import { apiName, type Certificates, type KeyPair } from './push-fixture.ts';

export interface GrpcReply {
  readonly code: number;
  readonly details: string;
  readonly value: Readonly<Record<string, unknown>> | undefined;
}

/** Calls a unary method with a client certificate of that common name (undefined: none). */
export async function callGrpc(
  certificates: Certificates,
  port: number,
  method: string,
  request: object,
  options: {
    readonly as?: string | KeyPair | undefined;
    readonly service?: ServiceDefinition;
    readonly plain?: boolean;
  } = {},
): Promise<GrpcReply> {
  const { as = apiName, service = pushService, plain = false } = options;
  const client = await grpcClient(certificates, port, { as, service, plain });
  const definition = service[method];
  if (definition === undefined) throw new TypeError(`${method} is no method`);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      request,
      new Metadata(),
      { deadline: Date.now() + 5_000 },
      (error, value) => {
        client.close();
        resolve({ code: error?.code ?? 0, details: error?.details ?? '', value: value as GrpcReply['value'] });
      },
    );
  });
}

export async function grpcClient(
  certificates: Certificates,
  port: number,
  {
    as = apiName,
    service,
    plain = false,
  }: { readonly as?: string | KeyPair; readonly service: ServiceDefinition; readonly plain?: boolean },
): Promise<Client> {
  const { pem } = await certificates.authority();
  const pair = typeof as !== 'string' ? as : as === '' ? undefined : await certificates.issue(as);
  const tls =
    pair === undefined
      ? credentials.createSsl(Buffer.from(pem))
      : credentials.createSsl(Buffer.from(pem), Buffer.from(pair.key), Buffer.from(pair.cert));
  const Made = makeGenericClientConstructor(service, 'Service');
  return new Made(`127.0.0.1:${port}`, plain ? credentials.createInsecure() : tls);
}

/** An activation as the messaging API sends it. */
export function activation(name: string, changes: Partial<PushConfigMessage> = {}): object {
  return {
    subscription: {
      full_name: `/projects/P/subscriptions/${name}`,
      full_topic: '/projects/P/topics/T',
      push_config: {
        push_endpoint: 'https://127.0.0.1:1/',
        retry_policy: { type: 'linear', period: 20 },
        max_messages: 1,
        authorization_header: '',
        type: 'HTTP_ENDPOINT',
        mattermost_url: '',
        mattermost_username: '',
        mattermost_channel: '',
        base_64_decode: false,
        ...changes,
      },
    },
  };
}
