/** Certificates of the gRPC listener: read from their files, and again on SIGHUP, for connections from then on. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { PushServerConfig } from '../../../contracts/push-server-config.ts';
import { certificateUnreadable } from '../errors.ts';

type Provider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];

export interface ListenerCredentials {
  readonly credentials: ServerCredentials;
  /** Reads the files again. @throws EnsembleError and leaves everything as it was */
  reload(): void;
}

/** @throws EnsembleError */
export function listenerCredentials(config: PushServerConfig): ListenerCredentials {
  if (!config.tls_enabled) return { credentials: ServerCredentials.createInsecure(), reload: () => {} };
  const source = new Certificates(config);
  const requireKnown = !config.trust_unknown_cas;
  return {
    credentials: experimental.createCertificateProviderServerCredentials(source, source, requireKnown),
    reload: () => source.reload(),
  };
}

/** A listener is told a moment later: the library is not ready for it while it adds it. */
class Certificates implements Provider {
  readonly #config: PushServerConfig;
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  #files: ReturnType<typeof readCertificates>;

  constructor(config: PushServerConfig) {
    this.#config = config;
    this.#files = readCertificates(config);
  }

  reload(): void {
    this.#files = readCertificates(this.#config);
    for (const listener of this.#caListeners) listener(this.#files);
    for (const listener of this.#identityListeners) listener(this.#files);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    queueMicrotask(() => listener(this.#files));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    queueMicrotask(() => listener(this.#files));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }
}

function readCertificates(config: PushServerConfig): {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly caCertificate: Buffer;
} {
  return {
    certificate: readPem('certificate', config.certificate),
    privateKey: readPem('certificate_key', config.certificate_key),
    caCertificate: readAuthorities(config.certificate_authorities_dir),
  };
}

/** Every PEM file of the folder; the usual endings. */
function readAuthorities(folder: string): Buffer {
  const field = 'certificate_authorities_dir';
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => /\.(pem|crt|cer)$/.test(name));
  } catch (error) {
    throw certificateUnreadable(field, folder, error);
  }
  if (names.length === 0) throw certificateUnreadable(field, folder, new Error('it has no .pem, .crt or .cer file'));
  return Buffer.concat(names.sort().flatMap((name) => [readPem(field, join(folder, name)), Buffer.from('\n')]));
}

/** `field`: the key of the configuration that names the file. @throws EnsembleError */
export function readPem(field: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw certificateUnreadable(field, file, error);
  }
}
