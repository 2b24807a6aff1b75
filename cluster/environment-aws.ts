/** The block `aws` of an environment file: what only that cloud asks for. The bounds are AWS's own. */
import { z } from 'zod';
import { roles } from './roles.ts';

/** Debian's own account publishes them (Debian wiki, "Cloud/AmazonEC2Image/Bookworm"). */
const debian12 = 'debian-12-amd64-*';

/** Intervals that the Data Lifecycle Manager knows (its API reference, CreateRule). */
const intervals = [1, 2, 3, 4, 6, 8, 12, 24];

export const aws = z.strictObject({
  account: z
    .string({ error: 'the account’s 12 digits in quotes, such as "123456789012"' })
    .regex(/^\d{12}$/, { error: 'the account’s 12 digits, such as "123456789012"' })
    .describe('The account to build in; nothing is made in another one'),
  nat: z
    .enum(['zone', 'one'])
    .default('zone')
    .describe('A way out of the private network in each zone, or one for all zones'),
  endpoints: z
    .array(z.enum(['secretsmanager', 'ssm', 'ssmmessages', 'ec2messages', 'logs', 'monitoring', 'kms']))
    .default([])
    .describe('Services of AWS that get a door of their own in each zone, so that they are reached without a way out'),
  outward: z
    .partialRecord(
      z.enum(roles.map(({ id }) => id)),
      z.union([z.literal('any'), z.array(z.int().min(1).max(65_535)).min(1)], {
        error: 'ports such as [8443], or any',
      }),
    )
    .default({})
    .describe(
      'TCP ports of the world that nodes of a role may open beside 443, such as those of push endpoints: { push: [8443] }, or { push: any }',
    ),
  image: z
    .string()
    .regex(/^(ami-[0-9a-f]{8,17}|(?!ami-)[\w.*?()[\]/@' -]{3,128})$/, {
      error: 'an image’s id (ami-0abc...), or a pattern of its name',
    })
    .default(debian12)
    .describe(
      'The machine image of new nodes: an id, or a pattern of the name of one of Debian’s. Existing nodes keep theirs',
    ),
  agent: z
    .strictObject({
      from: z.string().min(1).describe('Where the package lies: a URL or a path'),
      sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'a SHA-256 as 64 hex digits' }),
    })
    .optional()
    .describe('The SSM agent’s Debian package, through which operators reach nodes'),
  alarms: z
    .strictObject({
      email: z
        .string()
        .regex(/^[^\s@]+@[^\s@]+\.[^\s@]+$/, { error: 'a mail address' })
        .optional()
        .describe('Who is written to'),
    })
    .prefault({})
    .describe('Where alarms go'),
  snapshots: z
    .strictObject({
      everyHours: z
        .literal(intervals, { error: `one of ${intervals.join(', ')}` })
        .default(24)
        .describe('How often the volumes of masters and of the metadata store are copied'),
      keep: z.int().min(1).max(1_000).default(7).describe('How many copies are kept'),
    })
    .prefault({})
    .describe('Scheduled snapshots'),
  breakable: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Nodes that `ensemble fault` and `ensemble chaos` may break on purpose; where it is absent, none'),
});
