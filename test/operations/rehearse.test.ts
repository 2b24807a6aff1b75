/** What keeps a rehearsal from beginning, and what its report says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openAwsEnvironment } from '../../operations/aws/aws-environment.ts';
import { rehearsalLacks } from '../../operations/rehearse/preflight.ts';
import type { RehearsalStep } from '../../operations/rehearse/rehearsal.ts';
import { runSteps, stepsUntil, takenDown } from '../../operations/rehearse/rehearse.ts';
import { formatRehearsal, type RehearsalReport, verdictOf } from '../../operations/rehearse/report.ts';
import { withoutForgotten } from '../../operations/rehearse/stacks.ts';
import { withVariables } from '../../operations/rehearse/variables.ts';
import { localEndpoint } from '../../operations/rehearse/world.ts';
import { installationRoot } from '../../platform/installation-root.ts';
import { requires } from '../requirements.ts';

const { it: onLinux } = requires('linux');

describe('a rehearsal', () => {
  it('is of an AWS on this machine alone', () => {
    expect(localEndpoint({ AWS_ENDPOINT_URL: 'http://127.0.0.1:5000' })).toEqual({ host: '127.0.0.1', port: 5000 });
    const others = [
      '',
      'https://ec2.eu-west-1.amazonaws.com',
      'http://127.0.0.1.example.org:5000',
      'http://10.0.0.1:5000',
    ];
    for (const AWS_ENDPOINT_URL of others)
      expect(() => localEndpoint({ AWS_ENDPOINT_URL })).toThrow(
        expect.objectContaining({ code: 'OPERATIONS_REHEARSE_ENDPOINT_NOT_LOCAL' }),
      );
    expect(() => localEndpoint({})).toThrow('AWS_ENDPOINT_URL is not set');
  });

  it('reports each step, the lines that show a failure, and what was not rehearsed, as text and never as markup', () => {
    const report: RehearsalReport = {
      version: 1,
      environment: 'staging',
      time: '2026-11-22T12:00:00Z',
      passed: false,
      steps: [
        { id: 'machines', title: 'Machines', outcome: 'done', said: '6 run', evidence: [], ms: 4_200 },
        {
          id: 'nodes',
          title: 'Nodes',
          outcome: 'failed',
          said: 'worker-1 did not become',
          evidence: ['<b>&'],
          ms: 61_000,
        },
        { id: 'services', title: 'Services', outcome: 'not reached', said: '', evidence: [], ms: 0 },
      ],
      machines: [{ node: 'worker-1', instance: 'i-1', memoryMiB: undefined }],
      notRehearsed: [{ what: 'the nodes of metadata', why: 'their package is not to be had' }],
    };
    const page = formatRehearsal(report);
    expect(page).toContain('Rehearsal of staging: <span>failed</span>');
    expect(page).toContain('2026-11-22 12:00 UTC. 1 of 3 steps done, in 1 min 5 s.');
    expect(page).toContain(
      '<td>Nodes</td><td>failed</td><td>61.0 s</td><td>worker-1 did not become<pre>&lt;b&gt;&amp;</pre>',
    );
    expect(page).toContain('<td>unknown</td>');
    expect(page).toContain('<b>the nodes of metadata</b>: their package is not to be had');
    expect(page).not.toMatch(/src=|href=/);
  });

  it('goes as far as it is asked to, and names its steps where there is no such one', () => {
    const all = stepsUntil(undefined).map(({ id }) => id);
    expect(new Set(all).size).toBe(all.length);
    expect(stepsUntil('files').map(({ id }) => id)).toEqual(all.slice(0, all.indexOf('files') + 1));
    expect(() => stepsUntil('file')).toThrow(
      expect.objectContaining({ code: 'OPERATIONS_REHEARSE_STEP_UNKNOWN', next: expect.stringContaining('files') }),
    );
  });

  it('says in its heading that it went so far alone', () => {
    expect(verdictOf({ passed: true })).toBe('passed');
    expect(verdictOf({ passed: true, until: 'nodes' })).toBe('passed as far as nodes');
    expect(verdictOf({ passed: false, until: 'nodes' })).toBe('failed');
  });

  it('has failed where it could not be taken down, and its report says why', async () => {
    const down = async () => {
      throw new Error('a mount is busy');
    };
    expect(await takenDown({ down, leftovers: async () => ['mount /x'] })).toMatchObject({
      id: 'down',
      outcome: 'failed',
      evidence: ['a mount is busy', 'mount /x'],
    });
    expect(await takenDown({ down: async () => {}, leftovers: async () => [] })).toMatchObject({ outcome: 'done' });
  });

  onLinux(
    'takes everything down and says so also where a step fails by a defect of ours, and runs no step after it',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'ensemble-rehearsal-'));
      try {
        const environmentsDirectory = join(installationRoot(), 'environments');
        const named = { environment: 'staging', environmentsDirectory, stateRoot: folder };
        const aws = await openAwsEnvironment(named, 'rehearse');
        const options = { ...named, timeoutMs: 1_000, keep: false, projectFolder: folder, pluginDirectory: undefined };
        const step = (id: string, run: RehearsalStep['run']): RehearsalStep => ({ id, title: id, run });
        const steps = [
          step('first', async () => 'well'),
          step('second', async () => {
            throw new TypeError('a defect');
          }),
          step('third', async () => 'never'),
        ];
        const { signal } = new AbortController();
        const report = await runSteps(aws, options, steps, signal, async (all, context) => {
          for (const each of all) await each.run(context, () => undefined, signal);
        });
        expect(report.passed).toBe(false);
        expect(report.steps.map(({ id, outcome }) => [id, outcome])).toEqual([
          ['first', 'done'],
          ['second', 'failed'],
          ['third', 'not reached'],
          ['down', 'done'],
        ]);
        expect(report.steps[1]).toMatchObject({ said: 'TypeError: a defect' });
        expect(report.steps[1]?.evidence.join('\n')).toContain('rehearse.test.ts');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );

  it('says all that a machine lacks before it begins', async () => {
    const lacks = await rehearsalLacks({ ownAws: true, pluginDirectory: '/nowhere' }, { PATH: '/nowhere' });
    for (const name of ['nft', 'terraform', 'moto_server', 'systemd-nspawn', 'debootstrap'])
      expect(lacks.join('\n')).toMatch(new RegExp(`^${name} is not on the PATH \\(`, 'm'));
    expect(lacks).toContainEqual(expect.stringMatching(/^\/nowhere has no provider of AWS/));
    const given = await rehearsalLacks({ ownAws: false, pluginDirectory: undefined }, { PATH: '/nowhere' });
    expect(given.join('\n')).not.toMatch(/moto_server|provider/);
  });

  it('leaves out of a plan what its AWS does not keep, and nothing else', () => {
    const kept = [
      { kind: 'update', address: 'aws_s3_object.settings["worker-1/a"]', attributes: ['content'] },
      { kind: 'update', address: 'aws_instance.node["worker-1"]', attributes: ['disable_api_termination', 'ami'] },
      { kind: 'replace', address: 'aws_instance.node["worker-2"]', attributes: [] },
    ] as const;
    const forgotten = {
      kind: 'update',
      address: 'aws_instance.node["worker-3"]',
      attributes: ['disable_api_termination'],
    };
    expect(withoutForgotten([...kept, { ...forgotten, kind: 'update' }])).toEqual(kept);
  });

  it('sets where its AWS is for as long as it runs, however it ends', async () => {
    const name = 'ENSEMBLE_TEST_VARIABLE';
    const failing = withVariables({ [name]: 'here' }, async () => {
      throw new Error(process.env[name]);
    });
    await expect(failing).rejects.toThrow('here');
    expect(process.env).not.toHaveProperty(name);
  });
});
