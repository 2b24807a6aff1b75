/** Reads a client's properties file and the PEM files that it names. */
import { readFile } from 'node:fs/promises';
import { clientFileUnreadable } from '../errors.ts';
import type { SaslOptions, TlsOptions } from './broker-link.ts';
import { parseClientProperties } from './client-properties.ts';

export interface ClientAccess {
  /** From bootstrap.servers; empty where the file does not say. */
  readonly bootstrap: readonly string[];
  readonly tls?: TlsOptions;
  readonly sasl?: SaslOptions;
}

/** @throws EnsembleError CLIENT_PROPERTIES_INVALID, CLIENT_FILE_UNREADABLE */
export async function loadClientProperties(file: string): Promise<ClientAccess> {
  const { bootstrap, tls, sasl } = parseClientProperties(file, await read(file));
  const ca = await readIf(tls?.authorityFile);
  const cert = await readIf(tls?.certificateFile);
  // Java's PEM key stores hold the key before the chain in one file.
  const key = (await readIf(tls?.keyFile)) ?? cert;
  return {
    bootstrap,
    ...(sasl === undefined ? {} : { sasl }),
    ...(tls === undefined
      ? {}
      : {
          tls: {
            ...(ca === undefined ? {} : { ca }),
            ...(cert === undefined ? {} : { cert, key }),
            ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
            ...(tls.verifyHost ? {} : { checkServerIdentity: () => undefined }),
          },
        }),
  };
}

async function readIf(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : await read(file);
}

async function read(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch((cause: unknown) => {
    throw clientFileUnreadable(file, cause);
  });
}
