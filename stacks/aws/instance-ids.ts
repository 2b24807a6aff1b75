/** An output that the data stack and the edge stack both have. */
import { ref, TerraformOutput, type TerraformStack, Token } from 'cdktf';

/** By node id, for people and for what reads Terraform's outputs. */
export function instanceIdsOutput(stack: TerraformStack): void {
  const output = new TerraformOutput(stack, 'instanceIds', {
    description: 'The machine that each node has now, by the node’s id',
    value: Token.asString(ref('{ for k, v in aws_instance.node : k => v.id }', stack)),
  });
  output.overrideLogicalId('instanceIds');
}
