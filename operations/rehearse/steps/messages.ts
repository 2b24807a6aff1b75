/** Messages as users send and get them: through each load balancer in turn, over verified HTTPS, published, pulled by way of the next, and acknowledged. */
import { adminUser } from '../../../cluster/services/tokens.ts';
import { authorityCertificateId } from '../../../secrets/authority.ts';
import { withStore } from '../../aws/ensure-secrets.ts';
import { tokenNotMade } from '../../errors.ts';
import { storeSecretMissing } from '../../hosts/errors.ts';
import { readToken } from '../../token.ts';
import { runExchange } from '../exchange/run-exchange.ts';
import type { RehearsalStep } from '../rehearsal.ts';

const perEntrance = 1_000;
const perBatch = 100;

export const messagesStep: RehearsalStep = {
  id: 'messages',
  title: 'Messages, through the load balancer and the messaging API',
  async run({ aws, chosen, hosted: { hosts }, options: { timeoutMs }, notRehearsed }, _, signal) {
    const { cluster } = aws.environment;
    if (!chosen.some(({ group }) => group.services.includes('haproxy'))) {
      notRehearsed.push({ what: 'messages', why: 'no load balancer’s machine boots' });
      return 'no load balancer runs';
    }
    const { token, authorityPem } = await withStore(aws, async (secrets) => {
      const user = await readToken(aws.environment, secrets, adminUser);
      const authority = await secrets.read(authorityCertificateId);
      if (user === undefined) throw tokenNotMade(cluster.environment, adminUser);
      if (authority === undefined) throw storeSecretMissing(cluster.environment, authorityCertificateId);
      return { token: user, authorityPem: authority.toString('utf8') };
    });
    const found = await runExchange({
      cluster,
      addressing: aws.addressing,
      layout: hosts.layout,
      token,
      authorityPem,
      // One that runs again on the same machines finds no project of its name.
      project: `rehearsal-${Date.now().toString(36)}`,
      messages: perEntrance,
      perBatch,
      timeoutMs,
      signal,
    });
    notRehearsed.push({
      what: 'push subscriptions',
      why: 'their endpoints’ certificates come from public authorities, or from those that the environment names; neither vouches for one in this network',
    });
    const delivered = found?.entrances.reduce((sum, each) => sum + each.delivered, 0) ?? 0;
    const first = Math.round(found?.firstAcknowledgedMs ?? Number.NaN);
    return `${delivered} published through ${found?.entrances.map(({ name }) => name).join(' and ')}, all delivered under the ids that they were given; the first was acknowledged after ${first} ms`;
  },
};
