/** `ensemble status` */
import { exitStatus } from '../../contracts/error.ts';
import { withOperated } from '../../operations/operated.ts';
import type { ServiceStatus } from '../../operations/status.ts';
import { paint } from '../present/colour.ts';
import { formatTable, printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function status({ options, deployment }: Invocation): Promise<number> {
  const report = await withOperated(deployment, (operated) => operated.observe());
  if (options.json) printJson(report);
  else {
    printLine(servicesTable(report.services));
    const { kafka } = report;
    if (kafka !== undefined) {
      printWords(
        `\nKafka ${kafka.clusterId}: brokers ${kafka.brokers.join(', ')}; controller ${kafka.controller ?? 'none'}; ` +
          `${kafka.topics === undefined ? '' : `${kafka.topics} topics, `}${kafka.partitions} partitions (Kafka’s own included), ${kafka.leaderless} without a leader, ${kafka.underReplicated} under-replicated`,
      );
    }
    for (const { node, service } of report.strays)
      printWords(`${service} on ${node} runs, but the environment does not name it`, paint.yellow);
    const changed = report.services.filter(({ outdated }) => outdated).length;
    if (changed > 0)
      printWords(
        `${changed} ${changed === 1 ? 'service runs' : 'services run'} with other settings than the environment file has: \`ensemble roll\` applies them`,
        paint.yellow,
      );
    for (const note of report.notes) printWords(`Note: ${note}`, paint.yellow, { indent: '  ' });
    if (report.healthy) printLine(paint.green('healthy'));
    else printWords(`not healthy: ${report.troubles.join('; ')}`, paint.red, { indent: '  ' });
  }
  return report.healthy ? exitStatus.ok : exitStatus.blocked;
}

export function servicesTable(services: readonly ServiceStatus[]): string {
  const color = { running: paint.green, starting: paint.yellow, stopped: paint.dim, failed: paint.red };
  const rows = services.map((service) => [
    service.node,
    service.role,
    service.service,
    service.address,
    service.pid === undefined ? '-' : String(service.pid),
    color[service.state](service.state),
    [service.detail, service.outdated ? 'settings changed since its start' : '']
      .filter((text) => text !== '')
      .join(', '),
  ]);
  return formatTable(['Node', 'Role', 'Service', 'Address', 'Pid', 'State', 'Within the cluster'], rows);
}
