/**
 * How the function reaches the brokers: by their TLS listener, with its own certificate, which it reads from its secret by its role. Nothing of the
 * secret is logged. A warm function keeps what it read for some minutes; where brokers refuse it, it is read again, since certificates are renewed.
 */
import { openSecrets } from '../../clients/aws/secrets.ts';
import { isClientError } from '../../clients/errors.ts';
import { connect, type KafkaConnection } from '../../clients/kafka/connection.ts';
import {
  type TopicsApplierEnvironment,
  topicsApplierEnvironmentShape,
  topicsApplierSecretShape,
  topicsApplierSecrets,
} from '../../contracts/topics-applier-environment.ts';
import { misconfigured, secretAbsent, secretUnreadable } from './errors.ts';

/** A renewed certificate is used this much later at most; the old one is good for weeks then. */
const keptMs = 300_000;

interface Identity {
  readonly ca: string;
  /** Key and chain in one text, as Kafka takes them too. */
  readonly keystore: string;
}

let kept: { readonly name: string; readonly identity: Identity; readonly atMs: number } | undefined;

/** @throws EnsembleError TOPICS_APPLIER_MISCONFIGURED */
export function readEnvironment(variables: NodeJS.ProcessEnv): TopicsApplierEnvironment {
  const parsed = topicsApplierEnvironmentShape.safeParse(variables);
  if (parsed.success) return parsed.data;
  throw misconfigured(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
}

/** @throws EnsembleError TOPICS_APPLIER_SECRET_ABSENT, TOPICS_APPLIER_SECRET_UNREADABLE, CLIENT_AWS_..., CLIENT_UNREACHABLE */
export async function openBrokers(environment: TopicsApplierEnvironment): Promise<KafkaConnection> {
  const { ENSEMBLE_BOOTSTRAP: bootstrap, ENSEMBLE_SECRET: name } = environment;
  const before = kept;
  const identity = await identityOf(name);
  const open = ({ ca, keystore }: Identity) =>
    connect({ bootstrap, clientId: 'ensemble-topics-applier', tls: { ca, cert: keystore, key: keystore } });
  try {
    return await open(identity);
  } catch (error) {
    // What was kept may be of yesterday: brokers that refuse it look like brokers that hang up.
    if (before === undefined || !isClientError(error)) throw error;
    kept = undefined;
    return await open(await identityOf(name));
  }
}

async function identityOf(name: string): Promise<Identity> {
  if (kept !== undefined && kept.name === name && Date.now() - kept.atMs < keptMs) return kept.identity;
  const identity = await readIdentity(name);
  kept = { name, identity, atMs: Date.now() };
  return identity;
}

async function readIdentity(name: string): Promise<Identity> {
  // Lambda says where the function runs.
  const secrets = await openSecrets({ region: process.env.AWS_REGION ?? '' });
  try {
    const text = await secrets.read(name);
    if (text === undefined) throw secretAbsent(name);
    const parsed = topicsApplierSecretShape.safeParse(parse(text));
    if (!parsed.success) throw secretUnreadable(name, Object.values(topicsApplierSecrets));
    return { ca: parsed.data[topicsApplierSecrets.authority], keystore: parsed.data[topicsApplierSecrets.keystore] };
  } finally {
    secrets.close();
  }
}

/** A parser's own message would quote the text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
