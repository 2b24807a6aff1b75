/** How HAProxy runs: a master that keeps the listeners, and a worker that it replaces at each reload. */
import type { NativeProgram, Probe, ServiceProcess } from '../../model.ts';
import { configurationPath, type Site } from '../service.ts';
import { haproxyCfg } from './haproxy-cfg.ts';
import type { HaproxySettings } from './settings.ts';
import { stopTimeoutMs } from './timing.ts';

const health = (expect: string): Probe => ({
  listener: 'stats',
  send: 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  expect,
});

export function process(site: Site<HaproxySettings>): ServiceProcess {
  const file = configurationPath(site, 'haproxy', 'haproxy.cfg');
  const program = (...words: readonly string[]): NativeProgram => ({
    runtime: 'native',
    program: 'haproxy',
    arguments: [...words, '-f', file],
  });
  return {
    // -W: master and worker; -db: in the foreground, whatever the file says.
    program: program('-W', '-db'),
    memoryMiB: site.settings.memoryMiB,
    probe: health('^HTTP/1.1 200'),
    jobs: [{ id: 'check', when: 'before-start', eachNode: true, program: program('-c'), timeoutMs: 10_000 }],
    // SIGTERM would cut connections; this one lets them finish (HAProxy management guide, "Stopping and restarting").
    stopSignal: 'SIGUSR1',
    // A worker serves before its master listens to signals (HAProxy 2.6: found by a test, on a busy machine).
    missesSignals: true,
    reload: {
      signal: 'SIGUSR2',
      reads: 'everything',
      done: health(`${haproxyCfg(site).digest} \\d+\\.`),
    },
    stopTimeoutMs,
  };
}
