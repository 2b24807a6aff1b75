/**
 * What can be done to one machine of EC2 from outside: its power, and the security groups of its network interface. The wire, no policy.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StopInstances.html, API_ModifyInstanceAttribute.html
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type AwsPlace, call, clientConfig } from './connection.ts';
import { instanceNotInState } from './errors.ts';

export interface InstanceNetwork {
  readonly vpc: string;
  readonly groups: readonly string[];
}

export interface InstanceControl {
  /** Pulls the plug: its system is not asked, so that what is in its memory is gone. Returns once it is `stopped`. Idempotent. */
  stopAtOnce(instance: string): Promise<void>;
  /** Returns once it is `running`; what runs on it takes longer. Idempotent. */
  start(instance: string): Promise<void>;
  /** Terminated, on its way to it, or forgotten by EC2: it comes back never. */
  isGone(instance: string): Promise<boolean>;
  network(instance: string): Promise<InstanceNetwork>;
  setGroups(instance: string, groups: readonly string[]): Promise<void>;
  /** Its id; undefined where the network has none of that name. */
  groupNamed(vpc: string, name: string): Promise<string | undefined>;
  /** A group that lets nothing in and nothing out; the one of that name where the network has it. Its id. */
  ensureClosedGroup(vpc: string, name: string): Promise<string>;
  /** Idempotent. Names are unique within a network alone: one of another network is never touched. */
  removeGroup(vpc: string, name: string): Promise<void>;
  close(): void;
}

const pollMs = 1_000;
/** A machine that is stopped without its system's doing takes seconds; a busy cloud some minutes. */
const stateMs = 10 * 60_000;

export async function openInstanceControl(place: AwsPlace): Promise<InstanceControl> {
  const sdk = await import('@aws-sdk/client-ec2');
  const client = new sdk.EC2Client(clientConfig(place));

  /** Undefined where EC2 does not know it, or no more. */
  async function look(instance: string) {
    const asked = new sdk.DescribeInstancesCommand({ InstanceIds: [instance] });
    const unknown = ['InvalidInstanceID.NotFound'];
    const answer = await call(`ec2:DescribeInstances ${instance}`, () => client.send(asked), unknown);
    return answer?.Reservations?.[0]?.Instances?.[0];
  }

  async function become(instance: string, state: 'stopped' | 'running'): Promise<void> {
    const deadline = performance.now() + stateMs;
    for (;;) {
      const now = (await look(instance))?.State?.Name;
      if (now === state) return;
      if (performance.now() > deadline) throw instanceNotInState(instance, state, now ?? 'gone');
      await delay(pollMs);
    }
  }

  async function groupNamed(vpc: string, name: string): Promise<string | undefined> {
    const Filters = [
      { Name: 'vpc-id', Values: [vpc] },
      { Name: 'group-name', Values: [name] },
    ];
    const asked = new sdk.DescribeSecurityGroupsCommand({ Filters });
    const answer = await call('ec2:DescribeSecurityGroups', () => client.send(asked));
    return answer.SecurityGroups?.[0]?.GroupId;
  }

  return {
    async stopAtOnce(instance) {
      const asked = new sdk.StopInstancesCommand({ InstanceIds: [instance], SkipOsShutdown: true, Force: true });
      await call(`ec2:StopInstances ${instance}`, () => client.send(asked));
      await become(instance, 'stopped');
    },
    async start(instance) {
      // One that is still on its way down cannot be started yet.
      if ((await look(instance))?.State?.Name === 'stopping') await become(instance, 'stopped');
      const asked = new sdk.StartInstancesCommand({ InstanceIds: [instance] });
      await call(`ec2:StartInstances ${instance}`, () => client.send(asked));
      await become(instance, 'running');
    },
    async isGone(instance) {
      const state = (await look(instance))?.State?.Name;
      return state === undefined || state === 'terminated' || state === 'shutting-down';
    },
    async network(instance) {
      const found = await look(instance);
      const groups = (found?.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []);
      return { vpc: found?.VpcId ?? '', groups };
    },
    async setGroups(instance, groups) {
      const asked = new sdk.ModifyInstanceAttributeCommand({ InstanceId: instance, Groups: [...groups] });
      await call(`ec2:ModifyInstanceAttribute ${instance}`, () => client.send(asked));
    },
    groupNamed,
    async ensureClosedGroup(vpc, name) {
      const known = await groupNamed(vpc, name);
      const make = new sdk.CreateSecurityGroupCommand({
        GroupName: name,
        VpcId: vpc,
        Description: 'ensemble: made by a fault, removed by its healing',
      });
      const id = known ?? (await call('ec2:CreateSecurityGroup', () => client.send(make))).GroupId ?? '';
      // A new group lets everything out.
      const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }];
      const revoke = new sdk.RevokeSecurityGroupEgressCommand({ GroupId: id, IpPermissions });
      await call('ec2:RevokeSecurityGroupEgress', () => client.send(revoke), ['InvalidPermission.NotFound']);
      return id;
    },
    async removeGroup(vpc, name) {
      const GroupId = await groupNamed(vpc, name);
      if (GroupId === undefined) return;
      const asked = new sdk.DeleteSecurityGroupCommand({ GroupId });
      await call('ec2:DeleteSecurityGroup', () => client.send(asked), ['InvalidGroup.NotFound']);
    },
    close: () => client.destroy(),
  };
}
