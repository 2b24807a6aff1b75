/**
 * gRPC's server reflection (grpc.reflection.v1, and v1alpha for older clients), as much as a client needs to call what is here. The published package reads .proto
 * files from its own folder as it starts, which a single bundled file does not have; its messages stand here as data.
 */
import { type Server, type ServerDuplexStream, status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { defineService } from '../../../contracts/push-service.ts';

const text = (id: number) => ({ type: 'string', id });

const names = {
  ServerReflection: {
    methods: {
      ServerReflectionInfo: {
        requestType: 'ServerReflectionRequest',
        responseType: 'ServerReflectionResponse',
        requestStream: true,
        responseStream: true,
      },
    },
  },
  ServerReflectionRequest: {
    oneofs: { message_request: { oneof: ['file_by_filename', 'file_containing_symbol', 'list_services'] } },
    fields: { host: text(1), file_by_filename: text(3), file_containing_symbol: text(4), list_services: text(7) },
  },
  ServerReflectionResponse: {
    oneofs: { message_response: { oneof: ['file_descriptor_response', 'list_services_response', 'error_response'] } },
    fields: {
      valid_host: text(1),
      original_request: { type: 'ServerReflectionRequest', id: 2 },
      file_descriptor_response: { type: 'FileDescriptorResponse', id: 4 },
      list_services_response: { type: 'ListServiceResponse', id: 6 },
      error_response: { type: 'ErrorResponse', id: 7 },
    },
  },
  FileDescriptorResponse: { fields: { file_descriptor_proto: { rule: 'repeated', type: 'bytes', id: 1 } } },
  ListServiceResponse: { fields: { service: { rule: 'repeated', type: 'ServiceResponse', id: 1 } } },
  ServiceResponse: { fields: { name: text(1) } },
  ErrorResponse: { fields: { error_code: { type: 'int32', id: 1 }, error_message: text(2) } },
};

/** One service and the file that describes it, as a client knows them. */
interface Described {
  readonly name: string;
  readonly file: string;
  /** Full names that it declares; what stands within them follows a dot. */
  readonly symbols: readonly string[];
  readonly descriptors: readonly Buffer[];
}

interface ReflectionRequest {
  readonly message_request?: 'file_by_filename' | 'file_containing_symbol' | 'list_services';
  readonly file_by_filename?: string;
  readonly file_containing_symbol?: string;
}

export interface ReflectedService {
  /** Its full name. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly symbols: readonly string[];
}

/** Adds both versions, which speak of `services`. */
export function addReflection(server: Server, services: readonly ReflectedService[]): void {
  const described = services.map(describe);
  for (const version of ['v1', 'v1alpha']) {
    server.addService(defineService(names, 'ServerReflection', `grpc.reflection.${version}`), {
      ServerReflectionInfo(stream: ServerDuplexStream<ReflectionRequest, object>) {
        stream.on('data', (request: ReflectionRequest) => stream.write(answer(request, described)));
        stream.on('end', () => stream.end());
      },
    });
  }
}

function answer(request: ReflectionRequest, described: readonly Described[]): object {
  const shared = { valid_host: '', original_request: request };
  if (request.message_request === 'list_services')
    return { ...shared, list_services_response: { service: described.map(({ name }) => ({ name })) } };
  const { file_by_filename: file, file_containing_symbol: symbol = '' } = request;
  const declares = (each: string) => symbol === each || symbol.startsWith(`${each}.`);
  const found = described.find((each) => each.file === file || each.symbols.some(declares));
  if (found !== undefined) return { ...shared, file_descriptor_response: { file_descriptor_proto: found.descriptors } };
  const error = { error_code: status.NOT_FOUND, error_message: 'not found' };
  return { ...shared, error_response: error };
}

function describe({ name, definition, symbols }: ReflectedService): Described {
  const path = name.includes('.') ? name.slice(0, name.lastIndexOf('.')) : '';
  const method = Object.values(definition)[0];
  return {
    name,
    // What proto-loader calls the file of a package.
    file: path === '' ? 'root.proto' : `${path.replaceAll('.', '_')}.proto`,
    symbols,
    descriptors: method?.requestType.fileDescriptorProtos ?? [],
  };
}
