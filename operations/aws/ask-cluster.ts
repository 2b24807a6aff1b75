/**
 * What a cluster in a private network says of itself. ZooKeeper, the store's members and balancers are asked on their own nodes, through Systems Manager: none
 * of them lets anybody in for a question (drivers/aws/exchange.ts). Brokers are asked by the function that stands in the network, which has a certificate of
 * its own for that. Nobody's silence is an exception: it is an answer.
 */
import { parseSrvr } from '../../clients/zookeeper/four-letter-words.ts';
import { isMaster, isMasterAnswered } from '../../cluster/services/mongodb/is-master.ts';
import { topicsApplierArn } from '../../contracts/aws-names.ts';
import type { TopicsAnswer } from '../../contracts/topics-answer.ts';
import { answerIn, exchangeScript, type Question } from '../../drivers/aws/exchange.ts';
import { type Applier, openApplier } from '../applier.ts';
import { type Balancers, parseStatistics } from '../balancer-health.ts';
import { nodesRunning, type Quorum } from '../health.ts';
import type { StoreMembers } from '../wholeness.ts';
import type { AwsEnvironment } from './aws-environment.ts';
import type { OperatedAws } from './operated.ts';

const askMs = 60_000;

/** The answer of a service on each of its nodes, in Latin-1; undefined where there is none. */
async function askEach(
  { environment, addressing, machines }: OperatedAws,
  service: string,
  listener: string,
  question: Omit<Question, 'port'> & { readonly what: string },
): Promise<ReadonlyMap<string, string | undefined>> {
  const nodes = nodesRunning(environment.cluster.groups, service);
  const [first] = nodes;
  if (first === undefined) return new Map();
  const script = exchangeScript({ ...question, port: addressing.port(first, service, listener) });
  const ids = nodes.map(({ id }) => id);
  const outcomes = await machines.runWhereReachable(ids, script, { what: question.what, timeoutMs: askMs });
  return new Map(ids.map((id) => [id, answerIn(outcomes.get(id)?.output ?? '')]));
}

export async function askQuorum(operated: OperatedAws): Promise<Quorum> {
  const answers = await askEach(operated, 'zookeeper', 'client', { what: 'srvr', send: 'srvr', tls: false });
  return new Map([...answers].map(([id, text]) => [id, modeOf(text ?? '')]));
}

export async function askStore(operated: OperatedAws): Promise<StoreMembers> {
  const answers = await askEach(operated, 'mongodb', 'server', { what: 'isMaster', send: isMaster, tls: true });
  return new Map([...answers].map(([id, answer]) => [id, answer === undefined ? undefined : memberState(answer)]));
}

export async function askBalancers(operated: OperatedAws): Promise<Balancers> {
  const send = 'GET /;csv HTTP/1.0\r\n\r\n';
  const answers = await askEach(operated, 'haproxy', 'stats', { what: 'statistics', send, tls: false });
  return new Map([...answers].map(([id, text]) => [id, text === undefined ? undefined : statisticsOf(text)]));
}

/** Of a member's answer to isMaster: whether a field of its BSON is true (type 8, name, 1). Undefined for what is no such answer. @internal */
export function memberState(answer: string): 'primary' | 'secondary' | 'other' | undefined {
  if (!answer.includes(isMasterAnswered)) return undefined;
  const isTrue = (field: string) => answer.includes(`\x08${field}\0\x01`);
  return isTrue('ismaster') || isTrue('isWritablePrimary') ? 'primary' : isTrue('secondary') ? 'secondary' : 'other';
}

/** The body of an answer that says 200. @internal */
export function statisticsOf(answer: string): ReturnType<typeof parseStatistics> | undefined {
  const [, body] = /^HTTP\/1\.[01] 200 [\s\S]*?\r\n\r\n([\s\S]*)$/.exec(answer) ?? [];
  return body === undefined ? undefined : parseStatistics(body);
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
export async function askBrokers(aws: Pick<AwsEnvironment, 'place'>): Promise<BrokersHealth> {
  const applier = await openOwnApplier(aws);
  try {
    return await applier.ask({ action: 'health' });
  } finally {
    applier.close();
  }
}

/** The environment's own function. */
export async function openOwnApplier({ place }: Pick<AwsEnvironment, 'place'>): Promise<Applier> {
  const { environment, region } = place;
  return await openApplier({ environment, region, functionName: topicsApplierArn(place) });
}
