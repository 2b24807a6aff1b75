/**
 * Where alarms go: one topic an environment. Its ARN follows from its name, so that alarms of stacks that are applied before the topic is made can say it:
 * CloudWatch asks for it only when an alarm goes off.
 */
import { SnsTopic } from '@cdktf/provider-aws/lib/sns-topic/index.js';
import { SnsTopicSubscription } from '@cdktf/provider-aws/lib/sns-topic-subscription/index.js';
import type { TerraformStack } from 'cdktf';
import type { Cluster } from '../../cluster/model.ts';
import { type AwsPlace, ownName } from '../../contracts/aws-names.ts';
import type { Ledger } from '../ledger.ts';
import type { FoundationStack } from './foundation-stack.ts';
import { placeOf } from './place.ts';

export function alarmTopicArn({ environment, account, region }: AwsPlace): string {
  return `arn:aws:sns:${region}:${account}:${ownName(environment, 'alarms')}`;
}

/** Whoever the environment names is asked by mail whether they want to be written to. */
export function alarmTopic(stack: TerraformStack, ledger: Ledger, cluster: Cluster, { keyArn }: FoundationStack): void {
  const topic = ledger.one(
    new SnsTopic(stack, 'alarms', {
      name: ownName(placeOf(cluster).environment, 'alarms'),
      kmsMasterKeyId: keyArn,
    }),
    'alarms',
    { holdsData: false, what: 'topic of alarms' },
  );
  const email = cluster.cloud?.alarms.email;
  if (email === undefined) return;
  ledger.one(
    new SnsTopicSubscription(stack, 'alarms-email', { topicArn: topic.arn, protocol: 'email', endpoint: email }),
    'alarms_email',
    { holdsData: false, what: 'who is written to' },
  );
}
