/** Which settings of a broker take a restart, and what a running one is told, against answers as Kafka 3.9 gives them. */
import { describe, expect, it } from 'vitest';
import type { ConfigEntry, ConfigSource } from '../../clients/kafka/requests/describe-configs.ts';
import { brokerNeeds, changesOf, pendingOf, roundsOf } from '../../operations/roll/broker-settings.ts';

const heapMiB = 4_096;

function entry(
  name: string,
  value: string | undefined,
  source: ConfigSource,
  below: Partial<Record<ConfigSource, string>> = {},
): ConfigEntry {
  const under = Object.entries(below).map(([from, held]) => ({ name, value: held, source: from as ConfigSource }));
  return { name, value, source, readOnly: false, sensitive: false, synonyms: [{ name, value, source }, ...under] };
}

const needs = (before: object | undefined, wanted: object, running: readonly ConfigEntry[], heap = heapMiB) =>
  brokerNeeds(
    before === undefined ? undefined : new Map(Object.entries(before)),
    new Map(Object.entries(wanted)),
    running,
    heap,
  );
const nothing = { atStart: [], updates: [], leftovers: [] };

describe('a broker whose server.properties changed', () => {
  it('is told of what it can take while it runs, and restarted for what it reads at its start', () => {
    const running = [
      entry('log.retention.ms', undefined, 'default'),
      entry('log.retention.hours', '72', 'static-broker'),
      entry('min.insync.replicas', '1', 'static-broker'),
    ];
    const before = { 'log.retention.hours': '72', 'min.insync.replicas': '1' };
    expect(needs(before, { ...before, 'min.insync.replicas': '2', 'log.retention.ms': '1000' }, running)).toEqual({
      ...nothing,
      updates: [
        { name: 'log.retention.ms', from: undefined, to: '1000', via: [], by: 'set' },
        { name: 'min.insync.replicas', from: '1', to: '2', via: [], by: 'set' },
      ],
    });
    expect(needs(before, { ...before, 'log.retention.hours': '24' }, running).atStart).toEqual(['log.retention.hours']);
  });

  it('needs nothing where another spelling means the same', () => {
    const running = [
      entry('num.io.threads', '8', 'static-broker'),
      entry('log.cleaner.min.cleanable.ratio', '0.5', 'static-broker'),
      entry('log.preallocate', 'true', 'static-broker'),
    ];
    const wanted = {
      'num.io.threads': '+8',
      'log.cleaner.min.cleanable.ratio': '.50',
      'log.preallocate': 'TRUE',
    };
    expect(needs({}, wanted, running)).toEqual(nothing);
  });

  it('is restarted for a setting that is gone, unless the default holds already', () => {
    const running = [
      entry('num.io.threads', '12', 'static-broker'),
      entry('queued.max.requests', '500', 'static-broker'),
    ];
    const before = { 'num.io.threads': '12', 'queued.max.requests': '500' };
    expect(needs(before, {}, running)).toEqual({ ...nothing, atStart: ['num.io.threads'] });
  });

  it('is restarted for what the model owns, though Kafka could be told of it', () => {
    const running = [entry('advertised.listeners', 'TLS://a:1', 'static-broker')];
    expect(needs({}, { 'advertised.listeners': 'TLS://b:1' }, running).atStart).toEqual(['advertised.listeners']);
  });

  it('is restarted, on a small heap, for what makes the log cleaner anew', () => {
    const running = [entry('message.max.bytes', '1', 'static-broker')];
    expect(needs({}, { 'message.max.bytes': '2' }, running).updates).toHaveLength(1);
    const small = needs({}, { 'message.max.bytes': '2' }, running, 256);
    expect(small).toMatchObject({ updates: [], atStart: [expect.stringMatching(/^message\.max\.bytes .*256 MiB/)] });
  });

  it('is compared by what it runs with where nobody knows what it read', () => {
    const running = [entry('broker.id', '1', 'static-broker'), entry('broker.rack', 'a', 'static-broker')];
    const wanted = { 'broker.id': '1', 'broker.rack': 'b', 'not.of.this.kafka': 'x' };
    expect(needs(undefined, wanted, running)).toEqual({ ...nothing, atStart: ['broker.rack'] });
  });
});

describe('a dynamic value that hides what the file says', () => {
  const file = { 'min.insync.replicas': '2' };

  it('is found though no file changed, and taken back where the file was read with it', () => {
    const hidden = entry('min.insync.replicas', '3', 'dynamic-broker', { 'static-broker': '2' });
    const { updates } = needs(file, file, [hidden]);
    expect(updates).toEqual([{ name: 'min.insync.replicas', from: '3', to: '2', via: [], by: 'uncover' }]);
    expect(changesOf(updates)).toEqual([{ name: 'min.insync.replicas', operation: 'delete', value: undefined }]);
  });

  it('is set again where taking it back would bring another value', () => {
    const old = entry('min.insync.replicas', '3', 'dynamic-broker', { 'static-broker': '1' });
    expect(changesOf(needs(file, file, [old]).updates)).toEqual([
      { name: 'min.insync.replicas', operation: 'set', value: '2' },
    ]);
    const ofAll = entry('min.insync.replicas', '3', 'dynamic-default-broker', { 'static-broker': '2' });
    expect(needs(file, file, [ofAll]).updates).toMatchObject([{ by: 'set' }]);
  });

  it('is left alone where it says the same, and where the file does not name the setting', () => {
    const same = entry('min.insync.replicas', '2', 'dynamic-broker', { 'static-broker': '1' });
    const throttle = entry('leader.replication.throttled.rate', '1000', 'dynamic-broker');
    expect(needs(file, file, [same, throttle])).toEqual(nothing);
  });

  it('is taken back before the restart that drops its setting', () => {
    const set = entry('min.insync.replicas', '2', 'dynamic-broker', { 'static-broker': '1' });
    expect(needs(file, {}, [set])).toMatchObject({
      atStart: ['min.insync.replicas'],
      leftovers: ['min.insync.replicas'],
    });
  });
});

describe('a pool of threads', () => {
  const update = (from: string, to: string) =>
    needs({}, { 'num.io.threads': to }, [entry('num.io.threads', from, 'static-broker')]).updates;

  it.each([
    ['8', '16', []],
    ['8', '17', ['16']],
    ['8', '40', ['16', '32']],
    ['16', '8', []],
    ['17', '4', ['9', '5']],
  ])('goes from %s to %s in steps that at most double or halve it', (from, to, via) => {
    expect(update(from, to)).toMatchObject([{ via }]);
  });

  it('is told each step once it runs with the one before, and others in the last round', () => {
    const [threads] = update('8', '40');
    const other = { name: 'log.retention.ms', from: '1', to: '2', via: [], by: 'set' } as const;
    const rounds = roundsOf(threads === undefined ? [] : [threads, other]);
    expect(rounds.map((round) => round.map(({ name, to }) => `${name} ${to}`))).toEqual([
      ['num.io.threads 16'],
      ['num.io.threads 32'],
      ['num.io.threads 40', 'log.retention.ms 2'],
    ]);
    expect(roundsOf([])).toEqual([]);
  });
});

it('an update counts as taken once the broker runs with it', () => {
  const updates = [{ name: 'log.retention.ms', from: '1', to: '2', via: [], by: 'set' }] as const;
  expect(pendingOf(updates, [entry('log.retention.ms', '1', 'static-broker')])).toEqual(['log.retention.ms']);
  expect(pendingOf(updates, [entry('log.retention.ms', '2', 'dynamic-broker')])).toEqual([]);
  expect(pendingOf(updates, [])).toEqual(['log.retention.ms']);
});
