/**
 * Silence and repairs for KafkaJS 2.2.4 as a whole, in one place, imported by everything in this room that uses it.
 *
 * KafkaJS arms a timer after every response to look at requests that wait, even where none waits, with a negative delay where no
 * throttle is on: Node 24 prints TimeoutNegativeWarning for each (tulios/kafkajs#1751), and the timers outlive the connection.
 * Arming it only while something waits loses nothing: `push` looks for itself.
 *
 * A request that no answer came to is sent to the same broker again, and again, on the same connection: a producer asks nobody who leads by now, for as long as
 * its metadata are young (five minutes) and the kernel repeats what nobody takes (a quarter of an hour). Seen where a leader's machine was cut off: others led
 * after 20 s, and nothing was acknowledged for as long as the fault stood. A connection with such a request is closed, as Kafka's own client does
 * (NetworkClient, handleTimedOutRequests): KafkaJS forgets that broker then, and asks another one.
 */
import { type logCreator, logLevel } from 'kafkajs';
import errors from 'kafkajs/src/errors.js';
import loggers from 'kafkajs/src/loggers/index.js';
import Connection from 'kafkajs/src/network/connection.js';
import ConnectionPool from 'kafkajs/src/network/connectionPool.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { apiKeys } from './api.ts';
import './compression.ts';
import './coordinator-repair.ts';

const { scheduleCheckPendingRequests } = RequestQueue.prototype;
RequestQueue.prototype.scheduleCheckPendingRequests = function schedule() {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
};

const { disconnect } = Connection.prototype;
/** Each of many requests disconnects, and `unref` of a socket that is gone waits for its being connected, once more each time: Node warns of the eleventh. */
Connection.prototype.disconnect = async function disconnectOnce() {
  if (this.socket?.destroyed === true) this.socket = undefined;
  return await disconnect.call(this);
};

const { send } = ConnectionPool.prototype;
ConnectionPool.prototype.send = async function sendOrClose(request) {
  try {
    return await send.call(this, request);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'KafkaJSRequestTimeoutError') throw error;
    const { host, port } = this;
    // Of the first question of a connection, KafkaJS does not ask once more whom it could not reach.
    const closed =
      request.request.apiKey === apiKeys.ApiVersions
        ? new errors.KafkaJSConnectionError(error.message, { broker: `${host}:${port}`, code: 'ETIMEDOUT' })
        : new errors.KafkaJSConnectionClosedError(error.message, { host, port });
    await Promise.all(
      this.map(async (connection) => {
        connection.rejectRequests(closed);
        await connection.disconnect();
        // What is on its way to nobody would be sent again and again.
        connection.socket?.destroy();
      }),
    );
    throw closed;
  }
};

/** One line of KafkaJS's own log. */
export type KafkaLog = (level: 'error' | 'warn' | 'info' | 'debug', message: string, details: object) => void;

const levelNames = { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug' } as const;

/** KafkaJS's log handed to `log`, or to nobody. It writes to the console by default, in the middle of a person's table. */
export function logOptions(log: KafkaLog | undefined): { logLevel: logLevel; logCreator: logCreator } {
  return {
    logLevel: log === undefined ? logLevel.NOTHING : logLevel.INFO,
    logCreator: () => (entry) => {
      if (entry.label === 'ERROR' || entry.label === 'WARN' || entry.label === 'INFO' || entry.label === 'DEBUG') {
        log?.(levelNames[entry.label], entry.log.message, entry.log);
      }
    },
  };
}

/** The logger that KafkaJS's inner parts want. */
export function createLogger(log: KafkaLog | undefined) {
  const options = logOptions(log);
  return loggers.createLogger({ level: options.logLevel, logCreator: options.logCreator });
}
