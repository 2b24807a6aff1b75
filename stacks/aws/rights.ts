/**
 * What nodes may do, role by role, and nothing else: read their own settings, archives and secrets, put reports, write their own logs and figures,
 * and be reached by operators through SSM. Actions are AWS's documented ones (Service Authorization Reference), and each is bound to resources where AWS can bind it.
 */
import { IamInstanceProfile } from '@cdktf/provider-aws/lib/iam-instance-profile/index.js';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role/index.js';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy/index.js';
import type { Construct } from 'constructs';
import type { Cluster } from '../../cluster/model.ts';
import { type AwsPlace, bucketName, logGroupName, nodeSecretName, ownName, tags } from '../../contracts/aws-names.ts';
import { nodeMetricNamespace } from '../../contracts/node-metrics.ts';
import { eachKey, eachValue, expression, type Ledger } from '../ledger.ts';
import { placeOf } from './place.ts';
import { policy, type Statement, trust } from './policy.ts';

export function buildRights(scope: Construct, ledger: Ledger, cluster: Cluster): void {
  const place = placeOf(cluster);
  const { environment, account } = place;
  const roles = cluster.groups.map(({ role }) => role);
  const name = ownName(environment, eachKey);
  ledger.each(
    new IamRole(scope, 'role', {
      name,
      description: eachValue('description'),
      assumeRolePolicy: trust('ec2.amazonaws.com'),
    }),
    'role',
    Object.fromEntries(roles.map((role) => [role, { description: `The nodes of role ${role}` }])),
  );
  ledger.each(
    new IamRolePolicy(scope, 'role-policy', {
      name: 'node',
      role: expression('aws_iam_role.role[each.key].id'),
      policy: eachValue('policy'),
    }),
    'role',
    Object.fromEntries(roles.map((role) => [role, { policy: policy(nodeRights(place, role)) }])),
  );
  ledger.each(
    new IamInstanceProfile(scope, 'profile', { name, role: expression('aws_iam_role.role[each.key].name') }),
    'role',
    Object.fromEntries(roles.map((role) => [role, {}])),
  );
  serviceRole(scope, ledger, place, {
    id: 'flow_log',
    what: 'flow-log',
    trusts: trust('vpc-flow-logs.amazonaws.com', account),
    statements: flowLogRights(place),
  });
  serviceRole(scope, ledger, place, {
    id: 'snapshots',
    what: 'snapshots',
    trusts: trust('dlm.amazonaws.com', account),
    statements: snapshotRights(place),
  });
}

function nodeRights(place: AwsPlace, role: string): readonly Statement[] {
  const { environment, account, region } = place;
  const bucket = `arn:aws:s3:::${bucketName(place)}`;
  const key = expression('aws_kms_key.own.arn');
  const here = (service: string) => `${service}.${region}.amazonaws.com`;
  return [
    {
      sid: 'OwnSettingsAndArchives',
      actions: ['s3:GetObject'],
      resources: [`${bucket}/nodes/${role}-*`, `${bucket}/archives/*`],
    },
    { sid: 'OwnReports', actions: ['s3:PutObject'], resources: [`${bucket}/reports/${role}-*`] },
    {
      sid: 'OwnSecrets',
      actions: ['secretsmanager:GetSecretValue'],
      resources: [`arn:aws:secretsmanager:${region}:${account}:secret:${nodeSecretName(environment, `${role}-*`)}`],
    },
    {
      sid: 'KeyOfBoth',
      actions: ['kms:Decrypt'],
      resources: [key],
      conditions: { StringEquals: { 'kms:ViaService': [here('s3'), here('secretsmanager')] } },
    },
    {
      sid: 'KeyOfReports',
      actions: ['kms:GenerateDataKey'],
      resources: [key],
      conditions: { StringEquals: { 'kms:ViaService': here('s3') } },
    },
    {
      sid: 'OwnLogs',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [`arn:aws:logs:${region}:${account}:log-group:${logGroupName(environment, role)}:*`],
    },
    // AWS binds it to no resource; the namespace is what others cannot write into.
    {
      sid: 'OwnFigures',
      actions: ['cloudwatch:PutMetricData'],
      resources: ['*'],
      conditions: { StringEquals: { 'cloudwatch:namespace': nodeMetricNamespace } },
    },
    {
      sid: 'KnownToOperators',
      actions: ['ssm:UpdateInstanceInformation'],
      resources: [`arn:aws:ec2:${region}:${account}:instance/*`],
    },
    // AWS binds these to no resource; each opens a channel of the instance's own, and a command still comes from an operator's rights. Agents before
    // 3.3.40 are told of commands through ec2messages; later ones wherever ssmmessages cannot be reached.
    {
      sid: 'ReachedByOperators',
      actions: [
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
        'ec2messages:AcknowledgeMessage',
        'ec2messages:DeleteMessage',
        'ec2messages:FailMessage',
        'ec2messages:GetEndpoint',
        'ec2messages:GetMessages',
        'ec2messages:SendReply',
      ],
      resources: ['*'],
    },
  ];
}

function flowLogRights({ environment, account, region }: AwsPlace): readonly Statement[] {
  const group = `arn:aws:logs:${region}:${account}:log-group:${logGroupName(environment, 'network')}`;
  return [
    {
      sid: 'WriteRefusals',
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
      resources: [group, `${group}:*`],
    },
    // AWS's page on flow logs names it among what the role must have; it names no single group.
    {
      sid: 'FindTheGroup',
      actions: ['logs:DescribeLogGroups'],
      resources: [`arn:aws:logs:${region}:${account}:log-group:*`],
    },
  ];
}

function snapshotRights({ environment, account, region }: AwsPlace): readonly Statement[] {
  const volumes = `arn:aws:ec2:${region}:${account}:volume/*`;
  const snapshots = `arn:aws:ec2:${region}::snapshot/*`;
  return [
    {
      sid: 'CopyOwnVolumes',
      actions: ['ec2:CreateSnapshot'],
      resources: [volumes],
      conditions: { StringEquals: { [`aws:ResourceTag/${tags.snapshots}`]: environment } },
    },
    { sid: 'IntoSnapshots', actions: ['ec2:CreateSnapshot'], resources: [snapshots] },
    // Without a condition, as AWS's own policy for this service has it: whether a copy is marked as it is made, or after, is the service's affair.
    { sid: 'MarkThem', actions: ['ec2:CreateTags'], resources: [snapshots] },
    {
      sid: 'ForgetOldOnes',
      actions: ['ec2:DeleteSnapshot'],
      resources: [snapshots],
      conditions: { StringEquals: { [`aws:ResourceTag/${tags.snapshots}`]: environment } },
    },
    // AWS binds questions about volumes to no resource.
    {
      sid: 'FindThem',
      actions: ['ec2:DescribeVolumes', 'ec2:DescribeSnapshots', 'ec2:DescribeInstances'],
      resources: ['*'],
    },
  ];
}

interface ServiceRole {
  /** In Terraform. */
  readonly id: string;
  /** In AWS. */
  readonly what: string;
  readonly trusts: string;
  readonly statements: readonly Statement[];
}

function serviceRole(scope: Construct, ledger: Ledger, place: AwsPlace, role: ServiceRole): void {
  const name = ownName(place.environment, role.what);
  ledger.one(new IamRole(scope, `${role.what}-role`, { name, assumeRolePolicy: role.trusts }), role.id);
  ledger.one(
    new IamRolePolicy(scope, `${role.what}-policy`, {
      name: role.what,
      role: expression(`aws_iam_role.${role.id}.id`),
      policy: policy(role.statements),
    }),
    role.id,
  );
}
