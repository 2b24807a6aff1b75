/** What AWS, the SDK and Node say of a call that failed comes out as one of a few faults, each with its next step. */
import { describe, expect, it } from 'vitest';
import { awsFault } from '../../clients/aws/errors.ts';
import { EnsembleError } from '../../contracts/error.ts';

function said(name: string, message: string, code?: string): Error {
  const error = Object.assign(new Error(message), code === undefined ? {} : { code });
  error.name = name;
  return error;
}

describe('what a call to AWS failed of', () => {
  it.each([
    ['CLIENT_AWS_CREDENTIALS_EXPIRED', said('ExpiredToken', 'The security token included in the request is expired')],
    ['CLIENT_AWS_CREDENTIALS_EXPIRED', said('CredentialsProviderError', 'The SSO session has expired')],
    ['CLIENT_AWS_NO_CREDENTIALS', said('CredentialsProviderError', 'Could not load credentials from any providers')],
    ['CLIENT_AWS_CREDENTIALS_UNKNOWN', said('InvalidClientTokenId', 'The security token is invalid')],
    ['CLIENT_AWS_DENIED', said('UnauthorizedOperation', 'You are not authorized to perform this operation')],
    ['CLIENT_AWS_DENIED', Object.assign(said('Unknown', 'UnknownError'), { $metadata: { httpStatusCode: 403 } })], // to a HEAD
    ['CLIENT_AWS_THROTTLED', said('RequestLimitExceeded', 'Request limit exceeded')],
    ['CLIENT_AWS_UNREACHABLE', said('Error', 'connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED')],
    ['CLIENT_AWS_UNREACHABLE', said('TimeoutError', 'socket hang up', 'ECONNRESET')],
    ['CLIENT_AWS_FAILED', said('InvalidParameterException', 'That is not a name')],
    ['CLIENT_AWS_FAILED', 'thrown as a text'],
  ])('%s', (code, thrown) => {
    const fault = awsFault('ec2:DescribeInstances', thrown);
    expect(fault.code).toBe(code);
    expect(fault.message).toContain('ec2:DescribeInstances');
    expect(fault.next).not.toBe('');
  });

  it('what is ours already stays as it is', () => {
    const ours = new EnsembleError({ code: 'CLIENT_AWS_WRONG_ACCOUNT', message: 'm', next: 'n' });
    expect(awsFault('sts:GetCallerIdentity', ours)).toBe(ours);
  });
});
