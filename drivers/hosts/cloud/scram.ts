/**
 * The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677): who knows a password proves it without sending it. What is kept of a password verifies it and
 * does not tell it. Pure, but for randomness.
 */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** MongoDB's own default, `scramSHA256IterationCount`. */
const iterations = 15_000;
const keyBytes = 32;

/** Base64 each. */
export interface ScramCredentials {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

/** @param password of characters that SASLprep leaves as they are: tokens are hexadecimal digits */
export function scramCredentials(password: string, salt: Buffer = randomBytes(28)): ScramCredentials {
  const salted = pbkdf2Sync(password, salt, iterations, keyBytes, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const serverKey = hmac(salted, 'Server Key');
  return {
    salt: salt.toString('base64'),
    iterations,
    storedKey: storedKey.toString('base64'),
    serverKey: serverKey.toString('base64'),
  };
}

export interface ScramConversation {
  /** What the server says first. */
  readonly serverFirst: string;
  /** What it says to a proof; undefined where it proves nothing. */
  finish(clientFinal: string): string | undefined;
}

/** Undefined for a user that is unknown, or words of another mechanism. */
export function beginScram(
  clientFirst: string,
  credentialsOf: (user: string) => ScramCredentials | undefined,
): ScramConversation | undefined {
  // No channel is bound: "n,,", or "y,," of a client that could.
  const bare = /^[ny],,(.*)$/s.exec(clientFirst)?.[1];
  const said = attributes(bare ?? '');
  const user = said.get('n')?.replaceAll('=2C', ',').replaceAll('=3D', '=');
  const known = user === undefined ? undefined : credentialsOf(user);
  const clientNonce = said.get('r');
  if (bare === undefined || known === undefined || clientNonce === undefined) return undefined;
  const nonce = `${clientNonce}${randomBytes(24).toString('base64')}`;
  const serverFirst = `r=${nonce},s=${known.salt},i=${known.iterations}`;
  return {
    serverFirst,
    finish(clientFinal) {
      const [withoutProof = '', proof = ''] = clientFinal.split(',p=');
      if (attributes(withoutProof).get('r') !== nonce) return undefined;
      const message = `${bare},${serverFirst},${withoutProof}`;
      const storedKey = Buffer.from(known.storedKey, 'base64');
      const signature = hmac(storedKey, message);
      const given = Buffer.from(proof, 'base64');
      if (given.length !== keyBytes) return undefined;
      const clientKey = Buffer.from(signature.map((byte, index) => byte ^ (given[index] ?? 0)));
      if (!timingSafeEqual(createHash('sha256').update(clientKey).digest(), storedKey)) return undefined;
      return `v=${hmac(Buffer.from(known.serverKey, 'base64'), message).toString('base64')}`;
    },
  };
}

/** `a=b,c=d`; a value may hold `=`. */
function attributes(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
