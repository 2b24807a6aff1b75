/**
 * The function through which commands outside reach brokers in private subnets, and which asks for their health each minute (programs/topics-applier,
 * decision 0036). It runs as a function in the private subnets, under a role that reads one secret and writes one log.
 */
import { CloudwatchEventRule } from '@cdktf/provider-aws/lib/cloudwatch-event-rule/index.js';
import { CloudwatchEventTarget } from '@cdktf/provider-aws/lib/cloudwatch-event-target/index.js';
import { IamRole } from '@cdktf/provider-aws/lib/iam-role/index.js';
import { IamRolePolicy } from '@cdktf/provider-aws/lib/iam-role-policy/index.js';
import { IamRolePolicyAttachment } from '@cdktf/provider-aws/lib/iam-role-policy-attachment/index.js';
import { LambdaFunction } from '@cdktf/provider-aws/lib/lambda-function/index.js';
import { LambdaFunctionEventInvokeConfig } from '@cdktf/provider-aws/lib/lambda-function-event-invoke-config/index.js';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission/index.js';
import { namedAddressing } from '../../cluster/addressing.ts';
import { topicsApplierVariables } from '../../cluster/topics-applier.ts';
import {
  bucketName,
  logGroupName,
  nodeSecretName,
  ownName,
  topicsApplierName,
  topicsApplierNode,
} from '../../contracts/aws-names.ts';
import type { InventoryResource } from '../../contracts/inventory.ts';
import { archiveNamed, type NodeSoftware } from '../../provision/software.ts';
import type { NodesProps } from './node-machines.ts';
import { placeOf } from './place.ts';
import { policy, trust } from './policy.ts';

const about = (what: string): InventoryResource => ({
  holdsData: false,
  what: `${what} of the function that applies topics`,
});

/** The longest that a function may run (AWS Lambda quotas); the program stops before it and is called again. */
const timeoutSeconds = 900;
/** Its share of a processor grows with it; less than this, and a TLS connection to each broker takes seconds. */
const memoryMiB = 512;

export function topicsApplier(
  { stack, ledger, cluster, foundation }: Omit<NodesProps, 'groups'>,
  software: NodeSoftware,
): void {
  const place = placeOf(cluster);
  const { environment, region, account } = place;
  const name = topicsApplierName(environment);
  const secret = nodeSecretName(environment, topicsApplierNode);
  const archive = archiveNamed(topicsApplierNode, software);

  const role = ledger.one(
    new IamRole(stack, 'applier', {
      name,
      assumeRolePolicy: trust('lambda.amazonaws.com'),
    }),
    'applier',
    about('role'),
  );
  const log = logGroupName(environment, topicsApplierNode);
  const rights = ledger.one(
    new IamRolePolicy(stack, 'applier-rights', {
      name: 'own',
      role: role.name,
      policy: policy([
        {
          sid: 'OwnLog',
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [`arn:aws:logs:${region}:${account}:log-group:${log}:*`],
        },
        {
          sid: 'OwnSecret',
          actions: ['secretsmanager:GetSecretValue'],
          // Secrets Manager adds six characters to a name.
          resources: [`arn:aws:secretsmanager:${region}:${account}:secret:${secret}-??????`],
        },
        { sid: 'KeyOfTheSecret', actions: ['kms:Decrypt'], resources: [foundation.keyArn] },
      ]),
    }),
    'applier',
    about('rights'),
  );
  // AWS's own policy for a function inside a network, and no more than that: these calls take no narrower resource.
  const network = ledger.one(
    new IamRolePolicyAttachment(stack, 'applier-network', {
      role: role.name,
      policyArn: 'arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess',
    }),
    'applier_network',
    about('right to stand in the network'),
  );
  const lambda = ledger.one(
    new LambdaFunction(stack, 'applier-function', {
      functionName: name,
      description: `Plans and applies topics of ${environment}, and asks for its health each minute`,
      role: role.arn,
      runtime: 'nodejs22.x',
      architectures: ['x86_64'],
      handler: `${topicsApplierNode}.handler`,
      // The key has the content's hash: other code is another key.
      s3Bucket: bucketName(place),
      s3Key: archive.key,
      timeout: timeoutSeconds,
      memorySize: memoryMiB,
      kmsKeyArn: foundation.keyArn,
      environment: { variables: topicsApplierVariables(cluster, namedAddressing(cluster), secret) },
      vpcConfig: {
        subnetIds: cluster.zones.map((zone) => foundation.privateSubnetId(zone)),
        securityGroupIds: [foundation.applierGroupId],
      },
      loggingConfig: { logFormat: 'Text', logGroup: log },
      dependsOn: [rights, network],
    }),
    'applier',
    about('function'),
  );
  // A minute later it is asked again; a second try would only be late.
  ledger.one(
    new LambdaFunctionEventInvokeConfig(stack, 'applier-events', {
      functionName: lambda.functionName,
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: 60,
    }),
    'applier',
    about('events'),
  );
  const minute = ledger.one(
    new CloudwatchEventRule(stack, 'applier-minute', {
      name: ownName(environment, 'each-minute'),
      description: 'Asks the cluster for its health',
      scheduleExpression: 'rate(1 minute)',
    }),
    'each_minute',
    about('clock'),
  );
  ledger.one(
    new CloudwatchEventTarget(stack, 'applier-target', { rule: minute.name, arn: lambda.arn }),
    'each_minute',
    about('clock'),
  );
  ledger.one(
    new LambdaPermission(stack, 'applier-permission', {
      statementId: 'each-minute',
      action: 'lambda:InvokeFunction',
      functionName: lambda.functionName,
      principal: 'events.amazonaws.com',
      sourceArn: minute.arn,
    }),
    'each_minute',
    about('clock'),
  );
}
