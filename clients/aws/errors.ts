/**
 * What AWS answers when it does not do what was asked, for a person: whose credentials, which call, what to do next. The SDK's names for one fault
 * differ from service to service; the lists are from the "Common errors" page of each service's API reference and from the SDK's own retry package.
 */
import { EnsembleError } from '../../contracts/error.ts';

const expired = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'TokenRefreshRequired',
  'ExpiredCredentialsException',
]);
const unknownKey = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'AuthFailure',
  'NotSignedUp',
  'OptInRequired',
]);
const denied = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'UnauthorizedAccess',
  'NotAuthorized',
  'AllAccessDisabled',
  'Forbidden',
]);
const throttled = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
  'BandwidthLimitExceeded',
  'LimitExceededException',
  'SlowDown',
  'PriorRequestNotComplete',
]);
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'TimeoutError',
  'NetworkingError',
]);

/** The name under which AWS, the SDK or Node says what went wrong: `AccessDenied`, `ECONNREFUSED`. */
function awsErrorName(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The answer to a HEAD has no body, so that its status is all there is.
  if (statusOf(error) === 403 && /^Unknown/.test(error.name)) return 'Forbidden';
  if (unreachable.has(error.name)) return error.name;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/**
 * What a call failed of, as an EnsembleError. `call` is the service's own word for it, with what it was asked of: `s3:GetObject nodes/worker-1/list`.
 * CLIENT_AWS_NO_CREDENTIALS, _CREDENTIALS_EXPIRED, _CREDENTIALS_UNKNOWN, _DENIED, _THROTTLED, _UNREACHABLE, or _FAILED for the rest.
 */
export function awsFault(call: string, error: unknown): EnsembleError {
  if (error instanceof EnsembleError) return error;
  const name = awsErrorName(error);
  const why = error instanceof Error && error.message !== '' ? error.message : name;
  const isProvider = name === 'CredentialsProviderError' || name === 'ProviderError' || name === 'TokenProviderError';
  if (expired.has(name) || (isProvider && /expired/i.test(why))) return credentialsExpired(call, why, error);
  if (isProvider) return noCredentials(call, why, error);
  if (unknownKey.has(name)) return credentialsUnknown(call, why, error);
  if (denied.has(name)) return callDenied(call, why, error);
  if (throttled.has(name)) return callThrottled(call, error);
  if (unreachable.has(name)) return awsUnreachable(call, why, error);
  return new EnsembleError({
    code: 'CLIENT_AWS_FAILED',
    message: `${call} failed: ${name === why ? why : `${name}: ${why}`}`,
    next: 'Mend what it names, then run the command again: it goes on from what is there.',
    cause: error,
  });
}

/** Whether the same call may do in a moment what it did not do now. */
export function isPassing(error: unknown): boolean {
  return error instanceof EnsembleError && passing.has(error.code);
}

/** Whether this identity may not do it, or may not know that there is nothing. */
export function isDenied(error: unknown): boolean {
  return error instanceof EnsembleError && error.code === 'CLIENT_AWS_DENIED';
}

const passing = new Set(['CLIENT_AWS_THROTTLED', 'CLIENT_AWS_UNREACHABLE', 'CLIENT_AWS_COMMAND_UNDELIVERED']);

function noCredentials(call: string, why: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_NO_CREDENTIALS',
    message: `${call} needs AWS credentials, and there are none: ${why}`,
    next: 'Sign in as the AWS command line does (`aws sso login`, AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret), then run the command again.',
    cause,
  });
}

function credentialsExpired(call: string, why: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_CREDENTIALS_EXPIRED',
    message: `the AWS credentials expired before ${call}: ${why}`,
    next: 'Sign in again (`aws sso login`), then run the command again: it goes on from what is there.',
    cause,
  });
}

function credentialsUnknown(call: string, why: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_CREDENTIALS_UNKNOWN',
    message: `AWS does not know the credentials that ${call} came with: ${why}`,
    next: 'Check AWS_PROFILE, the access key, and that this account may use the region.',
    cause,
  });
}

function callDenied(call: string, why: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_DENIED',
    message: `${call} is not permitted: ${why}`,
    next: 'Give this identity the action that is named, or sign in as one that has it; docs/aws.md lists what an operator needs.',
    cause,
  });
}

function callThrottled(call: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_THROTTLED',
    message: `AWS went on refusing ${call} as one request too many`,
    next: 'Wait a minute and run the command again: it goes on from what is there.',
    cause,
  });
}

function awsUnreachable(call: string, why: string, cause: unknown): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_UNREACHABLE',
    message: `${call} got no answer: ${why}`,
    next: 'Check the network and its proxy, the region, and AWS_ENDPOINT_URL where it is set.',
    cause,
  });
}

export function wrongAccount(expected: string, found: string, identity: string): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_WRONG_ACCOUNT',
    message: `these credentials are of account ${found} (${identity}), and the environment belongs to ${expected}`,
    next: 'Sign in to the environment’s account (AWS_PROFILE), or mend `aws.account` in the environment file. Nothing was changed.',
  });
}

/** Of the HTTP answer that an error of the SDK came with. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const { httpStatusCode } = error.$metadata as { readonly httpStatusCode?: number };
  return httpStatusCode;
}

export function functionAbsent(name: string): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_FUNCTION_ABSENT',
    message: `there is no function ${name}`,
    next: 'Deploy the environment first (docs/aws.md); its stacks make the function.',
  });
}

export function commandUndelivered(instance: string, status: string): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_COMMAND_UNDELIVERED',
    message: `the agent of ${instance} did not end its command in time (${status})`,
    next: 'Check in the Systems Manager console that the instance is a managed node that is online; whether the command ran is not known.',
  });
}

export function instanceNotInState(instance: string, wanted: string, found: string): EnsembleError {
  return new EnsembleError({
    code: 'CLIENT_AWS_INSTANCE_NOT_IN_STATE',
    message: `${instance} was to be ${wanted}, and is ${found}`,
    next: 'Look at it in EC2; run the command again once it has settled.',
  });
}
