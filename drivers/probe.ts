/** The model's probe over a socket: connect, send, expect. One attempt; whoever waits decides how often. */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Probe } from '../cluster/model.ts';

/** Long enough for a busy machine, short enough that a hanging server is asked again soon. */
const attemptMs = 2_000;

export async function answersProbe(probe: Probe, host: string, port: number): Promise<boolean> {
  const expected = new RegExp(probe.expect);
  return await new Promise((resolve) => {
    // Whose certificate answers is the balancer's question and the clients'; here only whether somebody serves.
    const socket = probe.tls === true ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
    let answer = '';
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(attemptMs, () => end(false));
    socket.on('error', () => end(false));
    socket.on(probe.tls === true ? 'secureConnect' : 'connect', () => socket.write(probe.send, 'latin1'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (expected.test(answer)) end(true);
    });
    socket.on('close', () => end(false));
  });
}
