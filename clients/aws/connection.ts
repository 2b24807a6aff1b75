/**
 * How every AWS client here is made: credentials and proxies by the SDK's own chain, the region of the environment, calls that end. The SDK is loaded
 * when the first client is opened, so that commands for this machine never pay for it (docs/decisions/0034).
 */
import { awsFault } from './errors.ts';

export interface AwsPlace {
  /** `eu-west-1` */
  readonly region: string;
}

/** Slow answers are cut off and asked again. The SDK backs off between its attempts. */
const connectionTimeoutMs = 5_000;
const requestTimeoutMs = 60_000;
const maxAttempts = 5;

/** What every client's constructor takes. AWS_ENDPOINT_URL, profiles and the like are read by the SDK itself. */
export function clientConfig({ region }: AwsPlace) {
  // Versions are pinned here: that later ones ask for a later Node is no news for who runs a command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return {
    region,
    maxAttempts,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      // Else a breach is a warning, and the call goes on.
      throwOnRequestTimeout: true,
    },
  };
}

/** A stand-in for AWS has one name: a bucket cannot be part of it. */
export function usesOwnEndpoint({ AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL }: NodeJS.ProcessEnv = process.env): boolean {
  return (AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL ?? '') !== '';
}

/** Runs one call and says in our words what it failed of; `absent` names the errors that mean that there is nothing, which is an answer. */
export async function call<T>(name: string, work: () => Promise<T>): Promise<T>;
export async function call<T>(name: string, work: () => Promise<T>, absent: readonly string[]): Promise<T | undefined>;
export async function call<T>(
  name: string,
  work: () => Promise<T>,
  absent: readonly string[] = [],
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && absent.includes(error.name)) return undefined;
    throw awsFault(name, error);
  }
}
