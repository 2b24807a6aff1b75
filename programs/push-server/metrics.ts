/** Figures of a push server in Prometheus' text form (exposition format 0.0.4). Names of subscriptions are not labels: there may be thousands. */
import type { CycleReport } from './cycle.ts';

export interface Gauges {
  readonly ready: boolean;
  readonly leaseValid: boolean;
  /** Live servers that share the work, this one too. */
  readonly servers: number;
  readonly held: number;
  readonly failing: number;
  readonly cycles: number;
  readonly apiRequests: number;
  readonly waitingBytes: number;
}

const outcomes: readonly CycleReport['outcome'][] = ['delivered', 'nothing', 'failed', 'gone', 'lapsed'];

export class Counters {
  readonly #cycles = new Map<string, number>(outcomes.map((outcome) => [outcome, 0]));
  #messages = 0;

  count(report: CycleReport): void {
    this.#cycles.set(report.outcome, (this.#cycles.get(report.outcome) ?? 0) + 1);
    if (report.outcome === 'delivered') this.#messages += report.messages;
  }

  get messages(): number {
    return this.#messages;
  }

  format(gauges: Gauges): string {
    const lines = [
      ...gauge('push_ready', 'Whether calls are answered.', Number(gauges.ready)),
      ...gauge('push_lease_valid', 'Whether this server may deliver now.', Number(gauges.leaseValid)),
      ...gauge('push_servers', 'Live servers that share the subscriptions.', gauges.servers),
      ...gauge('push_subscriptions_held', 'Subscriptions that this server delivers.', gauges.held),
      ...gauge('push_subscriptions_failing', 'Of these, those whose last delivery failed.', gauges.failing),
      ...gauge('push_cycles_running', 'Subscriptions in the middle of a cycle.', gauges.cycles),
      ...gauge('push_api_requests_running', 'Requests to the messaging API under way.', gauges.apiRequests),
      ...gauge('push_waiting_bytes', 'Pulled and not delivered yet.', gauges.waitingBytes),
      '# HELP push_cycles_total Cycles by their outcome.',
      '# TYPE push_cycles_total counter',
      ...[...this.#cycles].map(([outcome, count]) => `push_cycles_total{outcome="${outcome}"} ${count}`),
      '# HELP push_messages_delivered_total Messages that an endpoint took and that are acknowledged.',
      '# TYPE push_messages_delivered_total counter',
      `push_messages_delivered_total ${this.#messages}`,
    ];
    return `${lines.join('\n')}\n`;
  }
}

function gauge(name: string, help: string, value: number): readonly string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`];
}
