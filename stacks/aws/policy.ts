/** A policy of AWS's as text. Actions are written out one by one: a star in one is what test/stacks/policy refuses. */

export interface Statement {
  readonly sid: string;
  readonly effect?: 'Allow' | 'Deny';
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Of a policy that hangs on a resource. */
  readonly principals?: Readonly<Record<string, string>>;
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>>;
}

export function policy(statements: readonly Statement[]): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map(({ sid, effect = 'Allow', actions, resources, principals, conditions }) => ({
      Sid: sid,
      Effect: effect,
      ...(principals === undefined ? {} : { Principal: principals }),
      Action: actions,
      Resource: resources,
      ...(conditions === undefined ? {} : { Condition: conditions }),
    })),
  });
}

/** Who may take a role on: a service of AWS's, and on behalf of this account alone where the service says for whom it acts. */
export function trust(service: string, account?: string): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TakeOn',
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        ...(account === undefined ? {} : { Condition: { StringEquals: { 'aws:SourceAccount': account } } }),
      },
    ],
  });
}
