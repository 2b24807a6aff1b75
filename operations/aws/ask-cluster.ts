/**
 * What a cluster in a private network says of itself: ZooKeeper is asked on its own nodes, through Systems Manager, and Kafka by the function that stands in
 * the network. Nobody's silence is an exception: it is an answer.
 */
import { parseSrvr } from '../../clients/zookeeper/four-letter-words.ts';
import { topicsApplierArn } from '../../contracts/aws-names.ts';
import type { TopicsAnswer } from '../../contracts/topics-answer.ts';
import { openApplier } from '../applier.ts';
import { nodesRunning, type Quorum } from '../health.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import type { OperatedAws } from './operated.ts';

/** A word of four letters, and all of the answer; python3 is part of Debian's image. */
function srvrScript(port: number): string {
  return [
    "python3 - <<'END'",
    'import socket, sys',
    'try:',
    `    with socket.create_connection(("127.0.0.1", ${port}), 3) as link:`,
    '        link.settimeout(5)',
    '        link.sendall(b"srvr")',
    '        said = b""',
    '        while block := link.recv(4096):',
    '            said += block',
    '    sys.stdout.write(said.decode("latin-1"))',
    'except OSError as error:',
    '    sys.exit(str(error))',
    'END',
  ].join('\n');
}

const askMs = 60_000;

export async function askQuorum({ environment, addressing, machines }: OperatedAws): Promise<Quorum> {
  const members = nodesRunning(environment.cluster.groups, 'zookeeper');
  const [first] = members;
  if (first === undefined) return new Map();
  const script = srvrScript(addressing.port(first, 'zookeeper', 'client'));
  const ids = members.map(({ id }) => id);
  const outcomes = await machines.runWhereReachable(ids, script, { what: 'srvr', timeoutMs: askMs });
  return new Map(ids.map((id) => [id, modeOf(outcomes.get(id)?.output ?? '')]));
}

function modeOf(text: string): string | undefined {
  try {
    const state = parseSrvr(text);
    return state.serving ? state.mode : undefined;
  } catch {
    return undefined;
  }
}

export type BrokersHealth = TopicsAnswer<'health'>;

/** @throws EnsembleError OPERATIONS_APPLIER_..., CLIENT_..., as the function */
export async function askBrokers({ place }: Pick<AwsEnvironment, 'place'>): Promise<BrokersHealth> {
  const { environment, region } = place;
  const applier = await openApplier({ environment, region, functionName: topicsApplierArn(place) });
  try {
    return await applier.ask({ action: 'health' });
  } finally {
    applier.close();
  }
}
