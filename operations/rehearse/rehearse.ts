/**
 * A rehearsal: what the stacks launched on a local AWS boots on this machine, becomes its nodes by itself, and is looked at from outside. A list of named
 * steps; each either did its work or ends the rehearsal, and the report says so. What is not rehearsed yet is named in the report, not left out.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type ObjectsClient, openObjects } from '../../clients/aws/objects.ts';
import { bootstrapServers } from '../../cluster/bootstrap.ts';
import type { Group, Node } from '../../cluster/model.ts';
import { bucketName, nodeListKey } from '../../contracts/aws-names.ts';
import { EnsembleError } from '../../contracts/error.ts';
import { type NodeList, parseNodeList } from '../../contracts/node-list.ts';
import { awaitNode } from '../../drivers/hosts/await-node.ts';
import { outcomeOf } from '../../drivers/hosts/run-command.ts';
import { seated } from '../../drivers/hosts/seat.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import type { AwsEnvironment } from '../aws/aws-environment.ts';
import type { DeploymentOptions } from '../deployment.ts';
import { hostedIn, hostsDriver, prepareImage } from '../hosts/hosted.ts';
import type { Step } from '../step.ts';
import { entryFailed, filesDiffer } from './errors.ts';
import type { RehearsalReport, RehearsedStep } from './report.ts';
import { localEndpoint, rehearsedWorld } from './world.ts';

export interface RehearseOptions extends DeploymentOptions {
  /** For a machine to become its node, and for its services to serve. */
  readonly timeoutMs: number;
  /** The machines go on running afterwards. */
  readonly keep: boolean;
}

interface Placed {
  readonly group: Group;
  readonly node: Node;
  readonly list: NodeList;
}

interface Context {
  chosen: readonly Placed[];
  image: string;
}

const notYet = [
  'messages through the load balancer and the messaging API',
  'a changed setting and `ensemble roll`',
  'a machine refreshed, a group enlarged, a node retired',
] as const;

/** Runs every step, or up to the first that fails. @throws EnsembleError what keeps it from beginning; the signal's reason */
export async function rehearse(
  aws: AwsEnvironment,
  options: RehearseOptions,
  signal: AbortSignal,
  run: (steps: readonly Step<Context>[], context: Context, signal: AbortSignal) => Promise<void>,
): Promise<RehearsalReport> {
  localEndpoint();
  const { place, environment } = aws;
  const { hosts } = hostedIn(join(options.stateRoot, place.environment));
  const objects = await openObjects({ region: place.region }, bucketName(place), place.account);
  const context: Context = { chosen: [], image: '' };
  const done: RehearsedStep[] = [];
  const notRehearsed: { readonly what: string; readonly why: string }[] = notYet.map((what) => ({
    what,
    why: 'not part of this command yet',
  }));
  const steps: readonly Step<Context>[] = [
    {
      title: 'Image of machines',
      run: async (into) => {
        const { folder, madeMs } = await prepareImage(options);
        into.image = folder;
        return madeMs === undefined ? 'there' : 'made';
      },
    },
    {
      title: 'Lists of nodes',
      run: async (into) => {
        const placed = await listsOf(aws, objects);
        into.chosen = placed.filter(
          ({ group, list }) => group.identity === 'pinned' && list.packages.length === 0 && list.volumes.length > 0,
        );
        const left = placed.filter((each) => !into.chosen.includes(each));
        for (const role of new Set(left.map(({ group }) => group.role))) {
          const packages = left.filter(({ group }) => group.role === role).flatMap(({ list }) => list.packages);
          const [needed] = packages;
          notRehearsed.push({
            what: `the nodes of ${role}`,
            why:
              needed === undefined
                ? 'what they need does not run'
                : `${needed.name} is to be had from ${needed.repository} alone, which is not reached from here`,
          });
        }
        return `${into.chosen.length} nodes of ${placed.length}`;
      },
    },
    {
      title: 'Machines',
      run: async ({ chosen, image }, report) => {
        const { world, keyPem } = await rehearsedWorld(aws, chosen, image, hosts.layout.folder);
        await hosts.up(world, { keyPem, signal, onProgress: report });
        return `${world.hosts.length} run`;
      },
    },
    {
      title: 'Nodes',
      run: async ({ chosen }) => {
        const { timeoutMs } = options;
        await Promise.all(
          chosen.map(async ({ node }) => await awaitNode(await hosts.machine(node.id), { timeoutMs, signal })),
        );
        return 'each is what its list says';
      },
    },
    {
      title: 'Files',
      run: async ({ chosen }) => {
        const wrong = await Promise.all(
          chosen.map(async ({ node, list }) => {
            const sums = list.files.filter(({ late }) => !late).map(({ sha256, path }) => `${sha256}  ${path}`);
            const script = `sha256sum --quiet -c - <<'END'\n${sums.join('\n')}\nEND`;
            const { status, output } = await (await hosts.machine(node.id)).run(script, options.timeoutMs);
            return status === 0
              ? []
              : output
                  .trim()
                  .split('\n')
                  .map((line) => `${node.id}: ${line}`);
          }),
        );
        if (wrong.flat().length > 0) throw filesDiffer(wrong.flat());
        return `${chosen.reduce((sum, { list }) => sum + list.files.length, 0)} as they were rendered`;
      },
    },
    {
      title: 'Services',
      run: async ({ chosen }) => {
        const driver = hostsDriver(environment, hosts, objects);
        const refs = chosen.flatMap(({ group, node }) => group.services.map((service) => ({ node: node.id, service })));
        await Promise.all(refs.map((ref) => driver.ready(ref, { timeoutMs: options.timeoutMs, signal })));
        return `${refs.length} serve`;
      },
    },
    {
      title: 'Topics, by the post-deploy entry',
      run: async () => {
        const bootstrap = bootstrapServers(environment.cluster, aws.addressing).join(',');
        const root = installationRoot();
        const loader = pathToFileURL(createRequire(join(root, 'package.json')).resolve('tsx')).href;
        const entry = [
          '--import',
          loader,
          join(root, 'scripts', 'create-topics.ts'),
          '-e',
          environment.file,
          '--bootstrap',
          bootstrap,
        ];
        const [program = '', ...args] = await seated(hosts.layout, [process.execPath, ...entry]);
        const { status, output, errors } = await outcomeOf(program, args, { timeoutMs: options.timeoutMs, signal });
        if (status !== 0) throw entryFailed(`${output}\n${errors}`.trim().split('\n').slice(-20));
        return output.trim().split('\n').at(-1) ?? '';
      },
    },
  ];
  try {
    await run(
      steps.map((step) => noted(step, done)),
      context,
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EnsembleError)) throw error;
  } finally {
    objects.close();
  }
  const machines = (await hosts.status()).map(({ node, instance, memoryMiB }) => ({ node, instance, memoryMiB }));
  if (!options.keep) await hosts.down();
  const reached = steps.map(({ title }) => done.find((step) => step.title === title));
  return {
    version: 1,
    environment: place.environment,
    time: new Date().toISOString(),
    passed: reached.every((step) => step?.outcome === 'done'),
    steps: steps.map(
      ({ title }, index) => reached[index] ?? { title, outcome: 'not reached', said: '', evidence: [], ms: 0 },
    ),
    machines,
    notRehearsed,
  };
}

/** Notes how it ended, whichever way. */
function noted(step: Step<Context>, done: RehearsedStep[]): Step<Context> {
  return {
    title: step.title,
    async run(context, report, signal) {
      const begun = performance.now();
      const end = (outcome: 'done' | 'failed', said: string, evidence: readonly string[]) =>
        done.push({ title: step.title, outcome, said, evidence, ms: Math.round(performance.now() - begun) });
      try {
        const said = await step.run(context, report, signal);
        end('done', said, []);
        return said;
      } catch (error) {
        const { message, evidence } = error instanceof EnsembleError ? error : { message: String(error), evidence: [] };
        end('failed', message, evidence);
        throw error;
      }
    },
  };
}

async function listsOf({ environment }: AwsEnvironment, objects: ObjectsClient): Promise<readonly Placed[]> {
  const all = environment.cluster.groups.flatMap((group) => group.nodes.map((node) => ({ group, node })));
  const placed = await Promise.all(
    all.map(async ({ group, node }) => {
      const text = await objects.read(nodeListKey(node.id));
      return text === undefined ? [] : [{ group, node, list: parseNodeList(text) }];
    }),
  );
  return placed.flat();
}
