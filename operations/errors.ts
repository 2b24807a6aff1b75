/** What can go wrong where rooms are joined. */
import { EnsembleError } from '../contracts/error.ts';

export function targetNotLocal(environment: string, target: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TARGET_NOT_LOCAL',
    message: `environment ${environment} has target ${target}, and this command runs processes of this machine`,
    next:
      target === 'aws'
        ? `Deploy it (docs/aws.md): \`ensemble bootstrap -e ${environment}\`, \`cdktf deploy ${environment}-foundation\`, \`ensemble secrets ensure -e ${environment}\`, \`cdktf deploy ${environment}-data ${environment}-edge\`; \`cdktf destroy '${environment}-*'\` takes it down.`
        : 'Use an environment with target local or aws; the other clouds are not there yet (README, "What works today").',
  });
}

export function quorumNotFormed(seconds: number, members: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NO_QUORUM',
    message: `the masters did not form one quorum within ${seconds} s`,
    next: 'Read the masters’ logs (`ensemble logs master-1`); a slow machine may take --timeout.',
    evidence: members,
  });
}

export function brokersNotRegistered(seconds: number, missing: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_BROKERS_NOT_REGISTERED',
    message: `not registered in the cluster within ${seconds} s: ${missing.join(', ')}`,
    next: `Read their logs (\`ensemble logs ${missing[0] ?? 'worker-1'}\`); a slow machine may take --timeout.`,
  });
}

export function neverBroughtUp(environment: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NEVER_BROUGHT_UP',
    message: `environment ${environment} was never brought up from this folder`,
    next: 'Run `ensemble up` first, or name the folder of its state with --state.',
  });
}

export function strayServices(names: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_STRAY_SERVICES',
    message: `${names.join(', ')} ${names.length === 1 ? 'runs' : 'run'} here, but the environment file no longer names ${names.length === 1 ? 'it' : 'them'}`,
    next: 'List a node that leaves under `retired:`, or give back its count; `ensemble down` ends every node of this environment.',
  });
}

export function messagesLost(topic: string, sent: number, received: number, seconds: number): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_MESSAGES_NOT_RECEIVED',
    message: `${received} of ${sent} messages sent to ${topic} came back within ${seconds} s`,
    next: 'Run `ensemble status`, then `ensemble up` again.',
  });
}

export function topicsBlocked(text: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TOPICS_BLOCKED',
    message: 'the topics manifest asks for what is not done by itself',
    next: 'Change the manifest; `ensemble topics plan` shows this again.',
    evidence: text.split('\n'),
    exitStatus: 3,
  });
}

export function topicsNotApplied(text: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TOPICS_NOT_APPLIED',
    message: 'not every change of the topics was made',
    next: 'Run `ensemble topics apply`: it goes on with what is left.',
    evidence: text.split('\n'),
    exitStatus: 4,
  });
}

export function topicsNotVerified(text: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TOPICS_NOT_VERIFIED',
    message: 'the topics are not as declared',
    next: 'Run `ensemble status`, then `ensemble topics plan`.',
    evidence: text.split('\n'),
  });
}

export function noManifest(name: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NO_MANIFEST',
    message: `no topics manifest for the cluster at ${name}`,
    next: 'Name one with --manifest, or an environment with --environment.',
  });
}

export function outputsUnreadable(file: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_OUTPUTS_UNREADABLE',
    message: `${file} is not a deployment's outputs: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Write it with `terraform output -json` or `cdktf deploy --outputs-file`, or give --bootstrap.',
    cause,
  });
}

export function noBootstrapInOutputs(file: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NO_BOOTSTRAP',
    message: `${file} has no output named bootstrapServers`,
    next: 'Name the brokers with --bootstrap host:port,host:port.',
  });
}

export function clusterNotReady(name: string, seconds: number, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CLUSTER_NOT_READY',
    message: `the cluster at ${name} was not ready within ${seconds} s: ${why}`,
    next: 'Check that its brokers run and are reachable from here; --wait gives it longer.',
  });
}

export function statePathUnusable(path: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_STATE_PATH_UNUSABLE',
    message: `state cannot be kept in ${JSON.stringify(path)}: Kafka takes the comma in it for the end of a folder`,
    next: 'Name a folder without a comma with --state, or work in another folder.',
  });
}

export function planFileUnreadable(file: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_PLAN_UNREADABLE',
    message: `the plan ${file} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: 'Write one with `ensemble topics plan --out FILE`.',
    cause,
  });
}

/** Of a program that was here when the deployment was opened, and is gone. */
export function programAbsent(
  program: string,
  { reason, remedy }: { readonly reason: string; readonly remedy: string },
): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_PROGRAM_ABSENT',
    message: `${program} is needed, and ${reason}`,
    next: remedy,
  });
}

export function certificatesNotShown(seconds: number, listeners: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_CERTIFICATES_NOT_SHOWN',
    message: `after ${seconds} s ${listeners.join(', ')} still ${listeners.length === 1 ? 'shows its' : 'show their'} old certificate`,
    next: 'The new files are in place: run the command again, or restart the nodes that are named (`ensemble stop NODE`, `ensemble start NODE`).',
  });
}

export function keystoreRefused(node: string, why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_KEYSTORE_REFUSED',
    message: `Kafka on ${node} does not take its new key store: ${why}`,
    next: 'It goes on with the old one. Read its log (`ensemble logs NODE`), and restart it to take the new one.',
  });
}

export function unknownUser(user: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_UNKNOWN_USER',
    message: `the environment makes no user ${user}`,
    next: `Name one of ${known.join(', ')}; users that were made through the API have their tokens from it.`,
  });
}

export function tokenNotMade(environment: string, user: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_TOKEN_NOT_MADE',
    message: `the token of ${user} in ${environment} was not made yet`,
    next: `Run \`ensemble secrets ensure -e ${environment}\`.`,
  });
}

export function notABroker(named: string, cluster: string, nodes: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NOT_A_BROKER',
    message: `${JSON.stringify(named)} is no broker of ${cluster}`,
    next:
      nodes.length === 0
        ? 'Name a broker by its number.'
        : `Name one of ${nodes.join(', ')}, or a broker by its number.`,
  });
}

export function mappedTopicMissing(field: string, topic: string, manifest: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_MAPPED_TOPIC_MISSING',
    message: `${field} stands for the topic ${topic}, which ${manifest} does not declare`,
    next: `Declare ${topic} in the manifest, or leave \`kafka\` out: the API then makes a topic of its own.`,
  });
}

export function notWhole(troubles: readonly { readonly what: string; readonly next?: string }[]): EnsembleError {
  const [next] = troubles.flatMap((trouble) => trouble.next ?? []);
  return new EnsembleError({
    code: 'OPERATIONS_NOT_WHOLE',
    message: 'no node is touched while the platform is not whole',
    next: next ?? 'Wait until `ensemble status` says healthy, or mend what is named; then roll again.',
    evidence: troubles.map(({ what }) => what),
    exitStatus: 3,
  });
}

export function nothingSoNamed(name: string, known: readonly string[]): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NOTHING_SO_NAMED',
    message: `the environment has no node, role or service ${JSON.stringify(name)}`,
    next: `Name some of ${known.join(', ')}.`,
  });
}

export function rollStale(): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_ROLL_STALE',
    message: 'what is to be rolled changed while the plan was read; no node was touched',
    next: 'Run the command again, and read the plan of now.',
    exitStatus: 3,
  });
}

export function settingRefused(node: string, names: readonly string[], why: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_SETTING_REFUSED',
    message: `Kafka on ${node} does not take ${names.join(', ')} while it runs: ${why}`,
    next: 'Give it another value in the environment file, or restart the node with `ensemble roll --restart --only NODE`.',
  });
}

export function settingNotTaken(node: string, names: readonly string[], seconds: number): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_SETTING_NOT_TAKEN',
    message: `Kafka on ${node} was told of ${names.join(', ')} and runs with the value of before after ${seconds} s`,
    next: 'Read its log (`ensemble logs NODE`), then roll again.',
  });
}

export function notReloaded(node: string, service: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NOT_RELOADED',
    message: `${service} on ${node} was to read its files again, and does not run`,
    next: 'Roll again: it is started then.',
  });
}

export function nodeStays(node: string): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NODE_STAYS',
    message: `${node} is not listed under \`retired:\`, so that it is meant to stay`,
    next: `List it there and leave it out of the group’s count (docs/environment.md, "Numbers, and nodes that leave"), apply that, then run the command again.`,
  });
}

/** `holds`: whether partitions have replicas on it. */
export function nodeNeeded(
  node: string,
  reasons: readonly string[],
  { holds }: { readonly holds: boolean },
): EnsembleError {
  return new EnsembleError({
    code: 'OPERATIONS_NODE_NEEDED',
    message: `${node} cannot go yet; nothing was changed`,
    next: holds
      ? `Move its replicas to brokers that stay with \`ensemble topics reassign away ${node}\`, end what else is named above, then run the command again.`
      : 'End what is named above (moves come to their end; what does not run is started), then run the command again.',
    evidence: reasons,
    exitStatus: 3,
  });
}
