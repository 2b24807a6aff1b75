/** Whose credentials these are: asked before anything is changed, since the names that we give are free in every account. */
import { type AwsPlace, call, clientConfig } from './connection.ts';
import { wrongAccount } from './errors.ts';

interface Caller {
  readonly account: string;
  /** ARN of the user or role. */
  readonly identity: string;
}

/** Needs no permission at all (STS, GetCallerIdentity). */
async function callerOf(place: AwsPlace): Promise<Caller> {
  const { GetCallerIdentityCommand, STSClient } = await import('@aws-sdk/client-sts');
  const client = new STSClient(clientConfig(place));
  try {
    const answer = await call('sts:GetCallerIdentity', () => client.send(new GetCallerIdentityCommand({})));
    return { account: answer.Account ?? '', identity: answer.Arn ?? '' };
  } finally {
    client.destroy();
  }
}

/** Throws CLIENT_AWS_WRONG_ACCOUNT unless the credentials are of `account`. */
export async function assertAccount(place: AwsPlace, account: string): Promise<Caller> {
  const caller = await callerOf(place);
  if (caller.account !== account) throw wrongAccount(account, caller.account, caller.identity);
  return caller;
}
