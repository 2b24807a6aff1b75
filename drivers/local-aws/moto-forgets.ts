/**
 * Attributes that moto takes and does not tell again, so that each second plan would set them once more. With AWS such a plan is empty. An entry that no plan
 * needs any more fails the test, so that the list says what is so.
 */

/** What moto does not store of an attribute, so that Terraform finds it missing at its next look. */
export interface Forgotten {
  readonly type: string;
  readonly attribute: string;
  readonly reason: string;
}

export const motoForgets: readonly Forgotten[] = [
  {
    type: 'aws_vpc_security_group_ingress_rule',
    attribute: 'description',
    reason: 'moto 5.2 keeps no description of a rule that was made by itself',
  },
  {
    type: 'aws_vpc_security_group_egress_rule',
    attribute: 'description',
    reason: 'moto 5.2 keeps no description of a rule that was made by itself',
  },
  { type: 'aws_route53_zone', attribute: 'vpc', reason: 'moto tells a private zone without its networks' },
  {
    type: 'aws_instance',
    attribute: 'disable_api_termination',
    reason: 'moto 5.2 does not take the guard against termination when an instance is made',
  },
  { type: 'aws_lambda_function', attribute: 'kms_key_arn', reason: 'moto does not tell a function’s key' },
  { type: 'aws_lambda_function', attribute: 'logging_config', reason: 'moto does not tell where a function logs to' },
];
