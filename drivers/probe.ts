/** The model's probe over a socket: connect, perhaps send, perhaps expect. One attempt; whoever waits decides how often. */
import { connect } from 'node:net';
import type { Probe } from '../cluster/model.ts';

/** Long enough for a busy machine, short enough that a hanging server is asked again soon. */
const attemptMs = 2_000;

export async function answersProbe(probe: Probe, host: string, port: number): Promise<boolean> {
  const expected = probe.expect === undefined ? undefined : new RegExp(probe.expect);
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    let answer = '';
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(attemptMs, () => end(false));
    socket.on('error', () => end(false));
    socket.on('connect', () => {
      if (probe.send !== undefined) socket.write(probe.send);
      if (expected === undefined) end(true);
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      if (expected?.test(answer) === true) end(true);
    });
    socket.on('close', () => end(false));
  });
}
