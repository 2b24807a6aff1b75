/**
 * An environment's three stacks made and changed for real by Terraform, against a local AWS: what is made, that nothing is left to change, and that each change
 * of the environment does what it should and no more. The tests are one story: each begins where the one before it ended.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateTagsCommand, ModifyInstanceAttributeCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { bucketName, stackParts } from '../../contracts/aws-names.ts';
import { motoForgets } from '../../drivers/local-aws/moto-forgets.ts';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { applyBootstrap, planBootstrap } from '../../operations/aws/bootstrap.ts';
import { diffEnvironment } from '../../operations/aws/diff.ts';
import { change } from '../cluster/environment-fixture.ts';
import { requires } from '../requirements.ts';
import { expectedOf } from './aws-expected.ts';
import { type AwsView, awsView, type SeenMachine, type SeenVolume } from './aws-view.ts';
import { type AwsWorld, objectsOf, startWorld } from './aws-world.ts';
import { environmentText } from './environment-text.ts';
import { changedAttributes, changeOf, changesOf, destroyedBy, typesBy, unexplained } from './plan-changes.ts';
import type { PlanJson } from './terraform-command.ts';

/** A bound for what hangs: each story waits for a cloud's own delays, and a busy machine is many times slower. */
const boundMs = 15 * 60_000;
const needs = requires('terraform', 'aws-provider', 'moto');

export interface Told {
  readonly environment: string;
  /** How many it has, which tolerate one failure. */
  readonly workers: number;
  /** `ensemble diff` is asked too; it plans all three stacks once more. */
  readonly compared?: boolean;
}

export function tellStory(told: Told): void {
  needs.describe(`${told.environment} on a local AWS`, () => story(told));
}

function story({ environment, workers, compared = false }: Told): void {
  const place = { environment, account: '123456789012', region: 'eu-west-1' };
  const text = environmentText(environment);
  const more = [1, 2, 3].map((number) => workers + number);
  const last = `worker-${workers + 3}`;
  const counted = (count: number) => ({ [`workers:\n  count: ${workers}`]: `workers:\n  count: ${count}` });
  /** All but the last of those that were added, and more lines at the top. */
  const withLastRetired = (lines: string) =>
    change({ ...counted(workers + 2), 'tolerate: 1\n': `tolerate: 2\n${lines}` }, text);
  let world: AwsWorld;
  let view: AwsView;
  let before: { machines: ReadonlyMap<string, SeenMachine>; volumes: ReadonlyMap<string, SeenVolume> };
  const look = async () => ({ machines: await view.machines(), volumes: await view.volumes() });

  beforeAll(async () => {
    world = await startWorld(text);
    view = awsView(world.endpoint, place.region);
    for (const [name, value] of Object.entries(world.sdkEnvironment)) vi.stubEnv(name, value);
    const planned = await planBootstrap(place);
    expect((await applyBootstrap(place, planned, { mend: false })).made).toBe(true);
    await world.terraform.init();
  }, boundMs);
  afterAll(async () => {
    vi.unstubAllEnvs();
    view?.close();
    await world?.stop();
  });

  /** `ensemble diff` names what would change in -data, and nothing else but what moto forgets. */
  const expectDiff = async (addresses: readonly string[]) => {
    const folder = join(world.outdir, '..', 'environments');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${environment}.yaml`), text);
    const { stacks } = await diffEnvironment(
      await openAwsEnvironment({ environment, environmentsDirectory: folder }, 'diff'),
      {
        folder: world.outdir,
        pluginDirectory: world.plugins,
        signal: AbortSignal.timeout(boundMs),
        // What stands there was synthesized by the test, with hashes of archives that are not there.
        synthesize: async () => {},
      },
    );
    expect(stacks.map(({ applied, waitsFor }) => [applied, waitsFor])).toEqual(stacks.map(() => [true, undefined]));
    const forgotten = new Set(motoForgets.map(({ type }) => type));
    const named = stacks.flatMap(({ changes }) => changes.map(({ kind, address }) => `${kind} ${address}`));
    expect(named.filter((each) => !forgotten.has(/ (\w+)\./.exec(each)?.[1] ?? '')).sort()).toEqual(
      addresses.map((address) => `update ${address}`).sort(),
    );
  };

  needs.it(
    'three stacks are valid and are made, from nothing',
    async () => {
      const { terraform } = world;
      const valid = await Promise.all(stackParts.map((part) => terraform.run(part, ['validate', '-no-color'])));
      expect(valid.map(({ said }) => said.trim())).toEqual(
        stackParts.map(() => 'Success! The configuration is valid.'),
      );
      expect(actionsIn(await terraform.plan('foundation'))).toEqual(['create']);
      await terraform.apply('foundation');
      await Promise.all(
        (['data', 'edge'] as const).map(async (part) => {
          expect(actionsIn(await terraform.plan(part))).toEqual(['create']);
          await terraform.apply(part);
        }),
      );
    },
    boundMs,
  );

  needs.it(
    'a second plan is empty but for what moto does not keep',
    async () => {
      const used = new Set<(typeof motoForgets)[number]>();
      const plans = await Promise.all(stackParts.map(async (part) => await world.terraform.plan(part)));
      expect(plans.flatMap((plan) => unexplained(plan, motoForgets, used))).toEqual([]);
      expect(motoForgets.filter((entry) => !used.has(entry))).toEqual([]);
    },
    boundMs,
  );

  needs.it(
    'AWS says of every node what the model says',
    async () => {
      before = await look();
      const expected = expectedOf(world.cluster, place, before.volumes);
      expect([...before.machines.keys()].sort()).toEqual([...expected.machines.keys()].sort());
      for (const [node, machine] of expected.machines) expect(before.machines.get(node)).toMatchObject(machine);
      expect([...before.volumes.keys()].sort()).toEqual([...expected.volumes.keys()].sort());
      for (const [key, { node, volume }] of expected.volumes)
        expect(before.volumes.get(key)).toMatchObject({ ...volume, instance: before.machines.get(node)?.id });
      expect(await view.records()).toMatchObject(expected.records);
    },
    boundMs,
  );

  needs.it(
    'the bucket has every file of every node, as the renderers wrote it, and nothing else',
    async () => {
      expect(await view.objects(bucketName(place), 'nodes/')).toEqual(objectsOf(world));
    },
    boundMs,
  );

  needs.it(
    'three workers more only add',
    async () => {
      world.write(change(counted(workers + 3), text));
      const foundation = await world.terraform.plan('foundation', ['-refresh=false']);
      expect(unexplained(foundation, motoForgets)).toEqual(
        more.map((n) => `aws_secretsmanager_secret.node["worker-${n}"]: create`),
      );
      const data = await world.terraform.plan('data', ['-refresh=false']);
      expect(Object.keys(typesBy(data, motoForgets))).toEqual(['create']);
      for (const n of more) {
        expect(changeOf(data, `aws_instance.node["worker-${n}"]`)?.change.actions).toEqual(['create']);
        expect(changeOf(data, `aws_ebs_volume.data["worker-${n}/data-1"]`)?.change.actions).toEqual(['create']);
      }
      const added = new RegExp(`worker-(${more.join('|')})\\b`);
      expect(changesOf(data, motoForgets).filter(({ address }) => !added.test(address))).toEqual([]);
      // Nobody who uses the brokers is told of more of them than it needs to begin.
      expect(unexplained(await world.terraform.plan('edge', ['-refresh=false']), motoForgets)).toEqual([]);
      await Promise.all([world.terraform.apply('foundation'), world.terraform.apply('data')]);
    },
    boundMs,
  );

  needs.it(
    'tolerating one failure more changes settings objects alone',
    async () => {
      world.write(change({ ...counted(workers + 3), 'tolerate: 1': 'tolerate: 2' }, text));
      const data = await world.terraform.plan('data', ['-refresh=false']);
      const edge = await world.terraform.plan('edge', ['-refresh=false']);
      expect(typesBy(data, motoForgets)).toEqual({ update: ['aws_s3_object'] });
      for (const { address } of changesOf(data, motoForgets))
        expect(address).toMatch(/^aws_s3_object\.settings\["worker-\d/);
      expect(unexplained(edge, motoForgets)).toEqual([]);
      if (compared) await expectDiff(changesOf(data, motoForgets).map(({ address }) => address));
      await world.terraform.apply('data');
      const now = await look();
      for (const [node, { id, address }] of before.machines)
        expect(now.machines.get(node)).toMatchObject({ id, address });
      for (const [key, { id }] of before.volumes) expect(now.volumes.get(key)?.id).toBe(id);
      expect(await view.objects(bucketName(place), 'nodes/')).toEqual(objectsOf(world));
    },
    boundMs,
  );

  needs.it(
    'a lower count is an error that says what to do',
    async () => {
      world.write(change({ 'tolerate: 1': 'tolerate: 2' }, text));
      const refused = await world.terraform.run('data', ['plan', '-input=false', '-no-color', '-refresh=false']);
      expect(refused.code).toBe(1);
      const said = refused.said.replace(/\s*\n[│\s]*/g, ' ');
      const named = more.map((n) => `worker-${n}/data-1`).sort();
      expect(said).toContain(`no longer names: ${named.join(', ')}.`);
      expect(said).toMatch(/list it under retired and apply/);
    },
    boundMs,
  );

  needs.it(
    'a worker that is replaced keeps its address, volume and number; one that retires loses nothing yet',
    async () => {
      world.write(withLastRetired(`retired: [${last}]\n`));
      before = await look();
      const worker = before.machines.get('worker-2');
      // As an operator does before: a machine that is guarded against being terminated by hand is not terminated by Terraform either.
      await view.ec2.send(
        new ModifyInstanceAttributeCommand({ InstanceId: worker?.id, DisableApiTermination: { Value: false } }),
      );
      const plan = await world.terraform.plan('data', ['-replace=aws_instance.node["worker-2"]']);
      expect(changeOf(plan, 'aws_instance.node["worker-2"]')?.change.actions).toEqual(['delete', 'create']);
      for (const address of [
        'aws_ebs_volume.data["worker-2/data-1"]',
        'aws_network_interface.node["worker-2"]',
        'aws_route53_record.node["worker-2"]',
        'aws_s3_object.settings["worker-2/etc/ensemble/kafka/server.properties"]',
      ])
        expect(changeOf(plan, address)?.change.actions).toEqual(['no-op']);
      expect(changeOf(plan, `aws_ebs_volume.leaving["${last}/data-1"]`)).toMatchObject({
        previous_address: `aws_ebs_volume.data["${last}/data-1"]`,
        change: { actions: ['no-op'] },
      });
      expect(destroyedBy(plan)).toEqual([
        'aws_instance.node["worker-2"]',
        'aws_volume_attachment.data["worker-2/data-1"]',
      ]);
      await world.terraform.apply('data');
      const now = await look();
      const replaced = now.machines.get('worker-2');
      expect(replaced?.id).not.toBe(worker?.id);
      expect(replaced).toMatchObject({
        address: worker?.address,
        interfaceId: worker?.interfaceId,
        tags: worker?.tags,
      });
      expect(now.volumes.get('worker-2/data-1')).toEqual({
        ...before.volumes.get('worker-2/data-1'),
        instance: replaced?.id,
      });
      const settings = (await view.objects(bucketName(place), 'nodes/'))[
        'nodes/worker-2/files/etc/ensemble/kafka/server.properties'
      ];
      expect(settings).toMatch(/^broker\.id=2$/m);
      expect(now.volumes.get(`${last}/data-1`)).toEqual(before.volumes.get(`${last}/data-1`));
    },
  );

  needs.it(
    'a retired node leaves once it is released, and not before',
    async () => {
      world.write(withLastRetired('protect: false\n'));
      const early = await world.terraform.run('data', ['plan', '-input=false', '-no-color', '-refresh=false']);
      expect(early.code).toBe(1);
      expect(early.said.replace(/\s*\n[│\s]*/g, ' ')).toContain(`no longer names: ${last}/data-1.`);
      const volume = before.volumes.get(`${last}/data-1`);
      // As `ensemble retire` does, once the cluster says that the node is empty.
      await view.ec2.send(
        new CreateTagsCommand({ Resources: [volume?.id ?? ''], Tags: [{ Key: 'ensemble:released', Value: 'yes' }] }),
      );
      const plan = await world.terraform.plan('data', ['-refresh=false']);
      expect(destroyedBy(plan).filter((address) => !address.includes(`"${last}`))).toEqual([]);
      expect(destroyedBy(plan)).toContain(`aws_ebs_volume.leaving["${last}/data-1"]`);
    },
    boundMs,
  );

  needs.it(
    'destroying is refused while the environment is protected, and works when it is not',
    async () => {
      world.write(withLastRetired(`retired: [${last}]\n`));
      const { terraform } = world;
      const destroying = ['plan', '-destroy', '-input=false', '-no-color', '-refresh=false'];
      const refused = await Promise.all(stackParts.map(async (part) => await terraform.run(part, destroying)));
      for (const { code, said } of refused) {
        expect(code).toBe(1);
        expect(said).toContain('prevent_destroy');
      }
      world.write(withLastRetired('protect: false\n'));
      const lifted = await Promise.all(
        stackParts.map(async (part) => {
          const plan = await terraform.plan(part);
          await terraform.apply(part);
          return plan;
        }),
      );
      const updated = lifted.flatMap((plan) =>
        changesOf(plan).filter(({ change }) => change.actions.includes('update')),
      );
      // moto may tell the guard as lifted already (moto-forgets.ts).
      const guards = updated.filter(({ type }) => type === 'aws_instance').flatMap(changedAttributes);
      expect(guards.filter((attribute) => attribute !== 'disable_api_termination')).toEqual([]);
      expect((await look()).volumes.has(`${last}/data-1`)).toBe(false);
      await Promise.all((['data', 'edge'] as const).map(async (part) => await terraform.destroy(part)));
      await terraform.destroy('foundation');
      expect(await look()).toEqual({ machines: new Map(), volumes: new Map() });
    },
    boundMs,
  );
}

function actionsIn(plan: PlanJson): readonly string[] {
  return Object.keys(typesBy(plan));
}
