/** What keeps a rehearsal from beginning, and what its report says. */
import { describe, expect, it } from 'vitest';
import { formatRehearsal, type RehearsalReport } from '../../operations/rehearse/report.ts';
import { localEndpoint } from '../../operations/rehearse/world.ts';

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
        { title: 'Machines', outcome: 'done', said: '6 run', evidence: [], ms: 4_200 },
        { title: 'Nodes', outcome: 'failed', said: 'worker-1 did not become', evidence: ['<b>&'], ms: 61_000 },
        { title: 'Services', outcome: 'not reached', said: '', evidence: [], ms: 0 },
      ],
      machines: [{ node: 'worker-1', instance: 'i-1', memoryMiB: undefined }],
      notRehearsed: [{ what: 'the nodes of metadata', why: 'their package is not to be had' }],
    };
    const page = formatRehearsal(report);
    expect(page).toContain('Rehearsal of staging: failed');
    expect(page).toContain(
      '<td>Nodes</td><td>failed</td><td>61.0 s</td><td>worker-1 did not become<pre>&lt;b&gt;&amp;</pre>',
    );
    expect(page).toContain('<td>unknown</td>');
    expect(page).toContain('<b>the nodes of metadata</b>: their package is not to be had');
    expect(page).not.toMatch(/src=|href=/);
  });
});
