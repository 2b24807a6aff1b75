/**
 * Silence and repairs for KafkaJS 2.2.4 as a whole, in one place, imported by everything in this room that uses it.
 *
 * KafkaJS arms a timer after every response to look at requests that wait, even where none waits, with a negative delay where no
 * throttle is on: Node 24 prints TimeoutNegativeWarning for each (tulios/kafkajs#1751), and the timers outlive the connection.
 * Arming it only while something waits loses nothing: `push` looks for itself.
 */
import { type logCreator, logLevel } from 'kafkajs';
import loggers from 'kafkajs/src/loggers/index.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import './compression.ts';

const { scheduleCheckPendingRequests } = RequestQueue.prototype;
RequestQueue.prototype.scheduleCheckPendingRequests = function schedule() {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this);
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
