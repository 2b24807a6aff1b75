/** The messaging API's settings: what a person declares of projects, users and limits, and what follows from the machine. */
import { z } from 'zod';
import { projectRoles } from '../../../contracts/messaging-roles.ts';
import type { Listener } from '../../model.ts';
import { nodeHeapMiB, type ProgramChoice, programSpec } from '../program-choice.ts';
import type { Sizing } from '../service.ts';

export const listeners: readonly Listener[] = [
  {
    name: 'https',
    port: 8080,
    transport: 'tls',
    authentication: 'none',
    from: ['balancer', 'push', 'api', 'operators'],
  },
];

/** The API's own rule for names (reference: "Names"); a Kafka topic of ours is a uuid, a dot and the name, 249 characters at most. */
const name = z
  .string()
  .regex(/^[a-zA-Z0-9_-]{1,200}$/, { error: 'a name of letters, digits, hyphens and underscores, 200 at most' });
/** Its token is a secret under its name, and secrets' names are lower-case. */
const userName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, { error: 'a name of lower-case letters, digits, hyphens and underscores' });

const topic = z.strictObject({
  kafka: z
    .string()
    .min(1)
    .optional()
    .describe('The topic of the manifest that it stands for; a topic of its own where absent'),
  publishers: z.array(userName).default([]).describe('Users that may publish to it, beside the project’s admins'),
});

const subscription = z.strictObject({
  topic: name.describe('A topic of the project'),
  ackDeadlineSeconds: z.int().min(0).max(600).default(10).describe('How long a client has to acknowledge'),
  consumers: z.array(userName).default([]).describe('Users that may pull from it, beside the project’s admins'),
});

const project = z.strictObject({
  description: z.string().default(''),
  topics: z.record(name, topic).default({}),
  subscriptions: z.record(name, subscription).default({}),
});

/** Roles of the whole service that a declared user may hold. */
const serviceRoles = ['service_admin', 'metrics_viewer', 'register_admin', 'argo_api_authn', 'admin_viewer'] as const;

const user = z.strictObject({
  email: z.string().regex(/^[^@\s]+@[^@\s]+$/, { error: 'an e-mail address' }),
  projects: z
    .record(name, z.array(z.enum(projectRoles, { error: `one of ${projectRoles.join(', ')}` })).min(1))
    .default({})
    .describe('Roles by project'),
  serviceRoles: z.array(z.enum(serviceRoles, { error: `one of ${serviceRoles.join(', ')}` })).default([]),
});

export const spec = {
  program: programSpec,
  exclusiveWindows: z
    .boolean()
    .default(false)
    .describe(
      'A pulled window belongs to one puller until its deadline; off, every pull starts at the offset, as upstream',
    ),
  requestsPerSecond: z.int().min(0).default(0).describe('Requests a second for each user; 0: no limit'),
  projects: z.record(name, project).default({}).describe('Projects that are made with the platform'),
  users: z.record(userName, user).default({}).describe('Users that are made with the platform, beside admin'),
};

/** The section of an environment file, without the group's size. */
export type MessagingApiSpec = z.output<z.ZodObject<typeof spec>>;

export interface MessagingApiSettings extends Omit<MessagingApiSpec, 'program'> {
  readonly program: ProgramChoice;
  readonly heapMiB: number;
}

export function derive(given: MessagingApiSpec, _changes: unknown, { memoryMiB }: Sizing): MessagingApiSettings {
  const { program, exclusiveWindows, requestsPerSecond, projects, users } = given;
  return { program, exclusiveWindows, requestsPerSecond, projects, users, heapMiB: nodeHeapMiB(memoryMiB) };
}
