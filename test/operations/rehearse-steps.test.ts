/** What steps of a rehearsal decide without a machine: how the environment is changed, what a plan may do, and whether a record was lost. */
import { describe, expect, it } from 'vitest';
import { type Document, parse } from 'yaml';
import { changedText, enlarge, forgetRetired, listRetired } from '../../operations/rehearse/changed-environment.ts';
import { judgeLoad } from '../../operations/rehearse/load-report.ts';
import { isAbout } from '../../operations/rehearse/planned.ts';
import { told } from '../../operations/rehearse/steps/faults.ts';
import { isPartOfRefresh } from '../../operations/rehearse/steps/refresh.ts';

describe('a step of a rehearsal', () => {
  it('changes a copy of the environment that means the same files as the operator’s own', () => {
    const text = '# mine\nname: staging\ntopics: ../topics/platform.yaml # ours\naws: { agent: { from: agent.deb } }\n';
    const changed = changedText(text, '/project/environments', (file) => file.setIn(['kafka', 'settings', 'a'], 1));
    expect(changed).toContain('# mine');
    expect(changed).toMatch(/^topics: \/project\/topics\/platform\.yaml # ours$/m);
    expect(changed).toContain('from: /project/environments/agent.deb');
    expect(changed).toMatch(/kafka:\n {2}settings:\n {4}a: 1/);
    const again = changedText(changed, '/elsewhere', (file) => file.set('protect', false));
    expect(again).toContain('/project/topics/platform.yaml');
    expect(again).toMatch(/^protect: false$/m);
    expect(changedText('aws: { agent: { from: https://example.org/a.deb } }\n', '/a', () => undefined)).toContain(
      'from: https://example.org/a.deb',
    );
  });

  it('enlarges the workers by one, lists that one as leaving, and forgets it, whether they are counted or named', () => {
    const change = (text: string, edit: Parameters<typeof changedText>[2]) => parse(changedText(text, '/a', edit));
    expect(change('workers: { count: 3 }', enlarge)).toEqual({ workers: { count: 4 } });
    expect(change('workers: { ids: [1, 2, 5] }', enlarge)).toEqual({ workers: { ids: [1, 2, 5, 6] } });
    const leaves = (file: Document) => listRetired(file, 4);
    const counted = changedText('workers: { count: 4 }', '/a', leaves);
    expect(parse(counted)).toEqual({ workers: { count: 3 }, retired: ['worker-4'] });
    expect(change('workers: { ids: [1, 4] }\nretired: [master-4]', leaves)).toEqual({
      workers: { ids: [1] },
      retired: ['master-4', 'worker-4'],
    });
    expect(change(counted, (file) => forgetRetired(file, 'worker-4'))).toEqual({ workers: { count: 3 } });
  });

  it('takes no other node’s resource for one of the node that comes or goes', () => {
    const of = (address: string) => isAbout({ kind: 'create', address, attributes: [] }, 'worker-4');
    expect(of('aws_instance.node["worker-4"]')).toBe(true);
    expect(of('aws_s3_object.settings["worker-4/etc/ensemble/kafka/server.properties"]')).toBe(true);
    expect(of('aws_instance.node["worker-40"]')).toBe(false);
    expect(of('aws_instance.node["master-4"]')).toBe(false);
    expect(of('aws_vpc.network')).toBe(false);
  });

  it('takes no other change of a plan for a part of a machine’s refresh', () => {
    const of = (kind: 'replace' | 'update', address: string) =>
      isPartOfRefresh({ kind, address, attributes: [] }, 'worker-2');
    expect(of('replace', 'aws_instance.node["worker-2"]')).toBe(true);
    expect(of('replace', 'aws_volume_attachment.data["worker-2/data-1"]')).toBe(true);
    expect(of('update', 'aws_cloudwatch_metric_alarm.status["worker-2"]')).toBe(true);
    expect(of('replace', 'aws_ebs_volume.data["worker-2/data-1"]')).toBe(false);
    expect(of('replace', 'aws_instance.node["worker-20"]')).toBe(false);
    expect(of('update', 'aws_instance.node["worker-2"]')).toBe(false);
    expect(of('replace', 'aws_network_interface.node["worker-2"]')).toBe(false);
  });

  it('misses each record that was acknowledged and is not in the log, and none of unknown fate', () => {
    const seen = { sent: 5, failed: 1, longestMs: 40 };
    expect(judgeLoad({ ...seen, acknowledged: [1, 2, 4, 5], found: [1, 2, 2, 3, 5] })).toEqual({
      ...seen,
      acknowledged: 4,
      lost: [4],
      lostCount: 1,
      repeated: 1,
    });
    const many = Array.from({ length: 300 }, (_, index) => index);
    expect(judgeLoad({ ...seen, acknowledged: many, found: [] })).toMatchObject({
      lostCount: 300,
      lost: many.slice(0, 100),
    });
  });

  it('takes no scenario for passed that was not, and names what could not be told', () => {
    const judged = (verdict: 'pass' | 'fail' | 'inconclusive' | 'skipped' | 'error', reasons: string[] = []) => ({
      seed: 7,
      reports: [{ verdict, reasons, runs: [{ verdict: { counts: { acknowledged: 1_234, lost: 0 } } }] }],
    });
    const notRehearsed: { what: string; why: string }[] = [];
    const tell = (of: ReturnType<typeof judged>) => told('machine-leader-kill', of, { notRehearsed });
    expect(tell(judged('pass'))).toContain('all 1234 records that were acknowledged are there');
    expect(notRehearsed).toEqual([]);
    expect(tell(judged('inconclusive', ['no time']))).toBe('machine-leader-kill: inconclusive');
    expect(notRehearsed).toEqual([{ what: 'machine-leader-kill (inconclusive)', why: 'no time' }]);
    for (const bad of ['fail', 'error'] as const)
      expect(() => tell(judged(bad, ['3 records are lost']))).toThrow(
        expect.objectContaining({ evidence: ['3 records are lost'], message: expect.stringContaining('--seed 7') }),
      );
  });
});
