/**
 * One socket to one broker, opened when first needed and again after it was lost. Built on KafkaJS's Connection (framing, correlation,
 * time-outs, SASL), with what it leaves to its callers: the versions that this broker speaks, errors that say whether a request may have
 * been sent, and a close that leaves no timer and no socket behind.
 */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Logger, SASLOptions } from 'kafkajs';
import Connection, { type Versions } from 'kafkajs/src/network/connection.js';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import Encoder from 'kafkajs/src/protocol/encoder.js';
import type { EnsembleError } from '../../contracts/error.ts';
import { type Address, formatAddress } from '../address.ts';
import {
  closed,
  connectionLost,
  isClientError,
  reason,
  refused,
  timedOut,
  unreachable,
  unsupported,
} from '../errors.ts';
import { type Api, apiKeys, skipTags, type Throttled, writeNoTags } from './api.ts';
import './kafkajs.ts';

/** Passed to node:tls as they are. */
export type TlsOptions = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized' | 'checkServerIdentity'
>;

export interface SaslOptions {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
}

/** Opens a socket and calls back once it can carry requests. Tests give one that never leaves the process. */
export type OpenSocket = (address: Address, tls: TlsOptions | undefined, onConnect: () => void) => Socket;

export interface LinkOptions {
  readonly clientId: string;
  readonly connectionTimeoutMs: number;
  readonly tls: TlsOptions | undefined;
  readonly sasl: SaslOptions | undefined;
  readonly logger: Logger;
  readonly openSocket: OpenSocket;
}

export class BrokerLink {
  readonly address: string;
  readonly #at: Address;
  readonly #options: LinkOptions;
  #opening: Promise<Connection> | undefined;
  #connection: Connection | undefined;
  #socket: Socket | undefined;
  #versions: Versions = {};
  #closed = false;

  constructor(at: Address, options: LinkOptions) {
    this.#at = at;
    this.address = formatAddress(at);
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#connection?.isConnected() === true;
  }

  /** Connects and asks for the versions. Throws CLIENT_UNREACHABLE or CLIENT_REFUSED. */
  async open(): Promise<void> {
    await this.#open();
  }

  /**
   * Throws CLIENT_UNREACHABLE and CLIENT_UNSUPPORTED (nothing was sent), CLIENT_CONNECTION_LOST and CLIENT_TIMED_OUT (it may have been).
   * `onSend` is called for each request that goes out.
   */
  async send<Request, Response extends Throttled>(
    api: Api<Request, Response>,
    request: Request,
    timeoutMs: number,
    onSend: () => void,
  ): Promise<Response> {
    const connection = await this.#open();
    const offered = this.#versions[apiKeys[api.name]];
    if (offered === undefined || offered.minVersion > api.version || offered.maxVersion < api.version) {
      const range = offered === undefined ? 'none' : `${offered.minVersion} to ${offered.maxVersion}`;
      throw unsupported(api.name, api.version, this.address, range);
    }
    onSend();
    try {
      return await exchange(connection, api, request, timeoutMs);
    } catch (error) {
      if (this.#connection === connection) await this.#drop();
      throw this.#closed ? closed(api.name) : sendFailure(error, api.name, this.address, timeoutMs);
    }
  }

  /** Requests under way are rejected with CLIENT_CLOSED. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  async #open(): Promise<Connection> {
    if (this.#closed) throw closed('a request');
    // While it opens it is connected already, but says nothing of its versions yet.
    if (this.#opening === undefined && this.#connection?.isConnected()) return this.#connection;
    this.#opening ??= this.#connect().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #connect(): Promise<Connection> {
    await this.#drop();
    const { clientId, connectionTimeoutMs, tls, sasl, logger, openSocket } = this.#options;
    const connection = new Connection({
      ...this.#at,
      clientId,
      logger,
      sasl: sasl === undefined ? null : kafkaJsSasl(sasl),
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: connectionTimeoutMs,
      socketFactory: ({ onConnect }) => {
        const socket = openSocket(this.#at, tls, onConnect);
        this.#socket = socket;
        return socket;
      },
    });
    this.#connection = connection;
    try {
      await connection.connect();
      this.#versions = (await exchange(connection, versionsApi, undefined, connectionTimeoutMs)).versions;
      connection.setVersions(this.#versions);
      connection.setSupportAuthenticationProtocol(this.#versions[saslAuthenticateKey] !== undefined);
      await connection.authenticate();
      return connection;
    } catch (error) {
      await this.#drop();
      throw this.#closed ? closed('connecting') : openFailure(error, this.address);
    }
  }

  async #drop(): Promise<void> {
    const connection = this.#connection;
    const socket = this.#socket;
    this.#connection = undefined;
    this.#socket = undefined;
    // KafkaJS waits for answers before it disconnects, for as long as a paused broker keeps it waiting.
    connection?.rejectRequests(new Error('Closed'));
    await connection?.disconnect();
    socket?.destroy();
  }
}

/** TCP, or TLS with the host's name sent where it is a name. */
export const openSocket: OpenSocket = ({ host, port }, tls, onConnect) =>
  tls === undefined
    ? connectTcp({ host, port, noDelay: true, keepAlive: true }, onConnect)
    : connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls }, onConnect);

const saslAuthenticateKey = 36;

/** ApiVersions (18), version 0, which every broker answers. */
const versionsApi: Api<undefined, Throttled & { readonly versions: Versions }> = {
  name: 'ApiVersions',
  version: 0,
  repeatable: true,
  encode() {},
  decode(decoder) {
    const errorCode = decoder.readInt16();
    if (errorCode !== 0) throw new Error(`ApiVersions was answered with the error ${errorCode}`);
    const rows = decoder.readArray((row) => ({
      key: row.readInt16(),
      range: { minVersion: row.readInt16(), maxVersion: row.readInt16() },
    }));
    return { throttleTimeMs: 0, versions: Object.fromEntries(rows.map(({ key, range }) => [key, range])) };
  },
};

function exchange<Request, Response extends Throttled>(
  connection: Connection,
  api: Api<Request, Response>,
  request: Request,
  timeoutMs: number,
): Promise<Response> {
  return connection.send<Response>({
    requestTimeout: timeoutMs,
    logResponseError: false,
    request: {
      apiKey: apiKeys[api.name],
      apiVersion: api.version,
      apiName: api.name,
      async encode() {
        const encoder = new Encoder();
        if (api.flexible === true) writeNoTags(encoder); // the header's own, which KafkaJS does not know of
        api.encode(encoder, request);
        return encoder;
      },
    },
    response: {
      async decode(payload) {
        const decoder = new Decoder(payload);
        if (api.flexible === true) skipTags(decoder);
        const value = api.decode(decoder);
        return { clientSideThrottleTime: value.throttleTimeMs, value };
      },
      parse: async ({ value }) => value,
    },
  });
}

/** A copy: KafkaJS writes into what it is given. */
export function kafkaJsSasl({ mechanism, username, password }: SaslOptions): SASLOptions {
  return { mechanism, username, password };
}

function openFailure(error: unknown, address: string): EnsembleError {
  if (isClientError(error)) return error;
  const text = reason(error);
  if (/SASL/i.test(text) || /SASL/i.test(nameOf(error))) return refused('the sign-in', address, text, error);
  return unreachable('Kafka', [{ address, why: text.replace(/^Connection error: /, '') }], error);
}

function sendFailure(error: unknown, request: string, address: string, timeoutMs: number): unknown {
  if (nameOf(error) === 'KafkaJSRequestTimeoutError') return timedOut(request, address, timeoutMs, error);
  if (nameOf(error).startsWith('KafkaJSConnection') || reason(error) === 'Closed') {
    return connectionLost(request, address, error);
  }
  return error;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}
