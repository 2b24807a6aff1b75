/**
 * Commands on instances through Systems Manager: no port is open on a node, its agent asks for work. One document, AWS-RunShellScript, which every
 * account has. https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command.html
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsPlace, call, clientConfig } from './connection.ts';
import { commandUndelivered } from './errors.ts';

export interface CommandOutcome {
  readonly instance: string;
  /** SSM's own word at the end: `Success`, `Failed`, `TimedOut`, `Cancelled`, `DeliveryTimedOut`, `Undeliverable`. */
  readonly status: string;
  /** Of the script; -1 where it never ran. */
  readonly exitCode: number;
  /** The first 24,000 characters, which is all that SSM keeps. */
  readonly output: string;
  readonly errors: string;
}

export interface CommandOptions {
  /** For people who read the list of commands in the console; 100 characters at most. */
  readonly comment: string;
  /** The script is ended after this long; SSM counts from its start on the node. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandsClient {
  /** Runs a shell script on every one of the instances and waits for all; in the order of `instances`. */
  run(instances: readonly string[], script: string, options: CommandOptions): Promise<readonly CommandOutcome[]>;
  /** Instances whose agent answers now. */
  reachable(instances: readonly string[]): Promise<ReadonlySet<string>>;
  close(): void;
}

/** What SendCommand takes at most in one call. */
const instancesPerCall = 50;
/** How long an agent that is away may take to fetch it: SSM's least. */
const deliveryTimeoutSeconds = 30;
const pollMs = 500;
const longestPollMs = 5_000;
const under = new Set(['Pending', 'InProgress', 'Delayed', 'Cancelling']);

export async function openCommands(place: AwsPlace): Promise<CommandsClient> {
  const sdk = await import('@aws-sdk/client-ssm');
  const client = new sdk.SSMClient(clientConfig(place));

  async function outcomeOf(CommandId: string, InstanceId: string, deadline: number, signal?: AbortSignal) {
    for (let waitMs = pollMs; ; waitMs = Math.min(waitMs * 1.5, longestPollMs)) {
      const asked = new sdk.GetCommandInvocationCommand({ CommandId, InstanceId });
      // It is not there in the first moment after it was sent.
      const answer = await call('ssm:GetCommandInvocation', () => client.send(asked), ['InvocationDoesNotExist']);
      const status = answer?.StatusDetails ?? answer?.Status ?? 'Pending';
      if (answer !== undefined && !under.has(answer.Status ?? 'Pending'))
        return {
          instance: InstanceId,
          status,
          exitCode: answer.ResponseCode ?? -1,
          output: answer.StandardOutputContent ?? '',
          errors: answer.StandardErrorContent ?? '',
        };
      if (performance.now() > deadline) throw commandUndelivered(InstanceId, status);
      await delay(waitMs, undefined, signal === undefined ? {} : { signal });
    }
  }

  return {
    async run(instances, script, { comment, timeoutMs, signal }) {
      const outcomes: CommandOutcome[] = [];
      for (let at = 0; at < instances.length; at += instancesPerCall) {
        const some = instances.slice(at, at + instancesPerCall);
        const asked = new sdk.SendCommandCommand({
          DocumentName: 'AWS-RunShellScript',
          InstanceIds: some,
          Comment: comment.slice(0, 100),
          TimeoutSeconds: deliveryTimeoutSeconds,
          Parameters: { commands: [script], executionTimeout: [String(Math.ceil(timeoutMs / 1000))] },
        });
        const sent = await call(`ssm:SendCommand to ${some.join(' ')}`, () => client.send(asked));
        const id = sent.Command?.CommandId ?? '';
        const deadline = performance.now() + timeoutMs + 2 * deliveryTimeoutSeconds * 1000;
        outcomes.push(...(await Promise.all(some.map((instance) => outcomeOf(id, instance, deadline, signal)))));
      }
      return outcomes;
    },
    async reachable(instances) {
      const online = new Set<string>();
      for (let at = 0; at < instances.length; at += instancesPerCall) {
        const some = instances.slice(at, at + instancesPerCall);
        const Filters = [{ Key: 'InstanceIds', Values: [...some] }];
        const asked = new sdk.DescribeInstanceInformationCommand({ Filters, MaxResults: 50 });
        const answer = await call('ssm:DescribeInstanceInformation', () => client.send(asked));
        for (const { InstanceId, PingStatus } of answer.InstanceInformationList ?? [])
          if (InstanceId !== undefined && PingStatus === 'Online') online.add(InstanceId);
      }
      return online;
    },
    close: () => client.destroy(),
  };
}
