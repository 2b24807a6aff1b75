/**
 * What the topics applier is told when it is deployed: three environment variables, final text of ours. Brokers' certificates and its own are a secret,
 * which it reads by its role; see cluster/topics-applier.ts for what is in it.
 */
import { z } from 'zod';

const address = z.string().regex(/^[^\s/:@,]+:\d{1,5}$/, 'host:port');

export const topicsApplierEnvironmentShape = z.object({
  /** The environment's name: a request for another one is refused. */
  ENSEMBLE_ENVIRONMENT: z.string().min(1),
  /** `host:port,host:port` of some brokers' TLS listeners; the others are learned from them. */
  ENSEMBLE_BOOTSTRAP: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(address).min(1)),
  /** Name of the secret with the function's own certificate and the authority's. */
  ENSEMBLE_SECRET: z.string().min(1),
});

export type TopicsApplierEnvironment = z.output<typeof topicsApplierEnvironmentShape>;

/** Ids of the late values in that secret, `{ "<id>": "text" }`, as every node's secret has them. */
export const topicsApplierSecrets = {
  /** Key, then certificate and chain: `tls/<node>.keystore.pem` of the node that the function is to certificates. */
  keystore: 'tls/topics-applier.keystore.pem',
  authority: 'tls/ca.pem',
} as const;

export const topicsApplierSecretShape = z.object({
  [topicsApplierSecrets.keystore]: z.string(),
  [topicsApplierSecrets.authority]: z.string(),
});
