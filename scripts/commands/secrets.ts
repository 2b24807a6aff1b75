/** `ensemble secrets ensure` */
import { exitStatus } from '../../contracts/error.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { ensureAwsSecrets } from '../../operations/aws/ensure-secrets.ts';
import { paint } from '../present/colour.ts';
import { formatTable, printJson, printLine, printWords } from '../present/terminal.ts';
import type { Invocation } from './invocation.ts';

export async function ensure({ options, deployment }: Invocation): Promise<number> {
  const report = await ensureAwsSecrets(await openAwsEnvironment(deployment, 'secrets ensure'));
  if (options.json) {
    printJson(report);
    return exitStatus.ok;
  }
  const { issued, published, readers } = report;
  if (issued.length > 0)
    printLine(
      formatTable(
        ['Certificate issued', 'Why', 'Until'],
        issued.map(({ id, why, expiresAt }) => [id, why, expiresAt.slice(0, 10)]),
      ),
    );
  printWords(
    published.length === 0
      ? `All ${readers} readers have what their files name.`
      : `${published.length} of ${readers} readers were given what their files name: ${published.join(', ')}`,
    published.length === 0 ? paint.green : undefined,
  );
  return exitStatus.ok;
}
