/** The model's probe over a socket: connect, send, expect. One attempt; whoever waits decides how often. */
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Probe } from '../cluster/model.ts';

/** Long enough for a busy machine, short enough that a hanging server is asked again soon. */
const attemptMs = 2_000;

/** What the answer has that is expected; undefined where nobody answers so. */
export async function probeAnswer(probe: Probe, host: string, port: number): Promise<string | undefined> {
  const expected = new RegExp(probe.expect);
  return await new Promise((resolve) => {
    // Whose certificate answers is the balancer's question and the clients'; here only whether somebody serves.
    const socket = probe.tls === true ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
    let answer = '';
    const end = (result?: string) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(attemptMs, () => end());
    socket.on('error', () => end());
    socket.on(probe.tls === true ? 'secureConnect' : 'connect', () => socket.write(probe.send, 'latin1'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const [found] = expected.exec(answer) ?? [];
      if (found !== undefined) end(found);
    });
    socket.on('close', () => end());
  });
}
