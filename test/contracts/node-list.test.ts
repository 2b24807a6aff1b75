/** A node's list as text and back, and the texts that nobody may follow. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatNodeList, type NodeList, parseNodeList } from '../../contracts/node-list.ts';

const word = fc.stringMatching(/^[a-z0-9][a-z0-9._/@:-]{0,20}$/);
const number = fc.nat({ max: 65_535 });
const latin1 = fc.array(fc.nat({ max: 255 })).map((codes) => String.fromCharCode(...codes));
const mode = fc.constantFrom(0o400, 0o600, 0o644, 0o755);

const list: fc.Arbitrary<NodeList> = fc.record({
  environment: word,
  node: word,
  accounts: fc.array(fc.record({ name: word, id: number })),
  volumes: fc.array(
    fc.record({ name: word, mount: word, readAheadSectors: number }, { requiredKeys: ['name', 'mount'] }),
  ),
  folders: fc.array(fc.record({ mode, owner: word, path: word })),
  archives: fc.array(
    fc.record({
      name: word,
      sha256: word,
      use: fc.constantFrom('unpack' as const, 'debs' as const, 'deb' as const, 'binary' as const),
      key: word,
      folder: word,
    }),
  ),
  packages: fc.array(
    fc.record({
      name: word,
      version: word,
      repository: word,
      suite: word,
      component: word,
      key: word,
      fingerprint: word,
    }),
  ),
  files: fc.array(fc.record({ sha256: word, late: fc.boolean(), mode, owner: word, key: word, path: word })),
  services: fc.array(
    fc.record({
      service: word,
      unit: word,
      digest: word,
      probe: fc.record({ host: word, port: number, tls: fc.boolean(), send: latin1, expect: latin1 }),
    }),
  ),
  jobs: fc.array(word),
  asides: fc.array(fc.record({ name: word, unit: word, digest: word })),
});

describe("a node's list", () => {
  test('comes back from its text as it was', () => {
    fc.assert(
      fc.property(list, (original) => {
        expect(parseNodeList(formatNodeList(original))).toEqual(original);
      }),
    );
  });

  const text = formatNodeList({
    ...parseNodeList('ensemble-node-list 1\nenvironment staging\nnode worker-1\nend\n'),
    accounts: [{ name: 'ensemble-kafka', id: 20_001 }],
    jobs: ['ensemble-a-b.service'],
  });

  test('is refused wherever it was cut off', () => {
    for (let length = 0; length < text.length; length += 1)
      expect(() => parseNodeList(text.slice(0, length))).toThrow(
        expect.objectContaining({ code: 'NODE_LIST_UNREADABLE' }),
      );
  });

  test.each([
    ['another version', text.replace('list 1', 'list 2')],
    ['a line of a kind that it does not know', text.replace('job ', 'chore ')],
    ['a line with a field too many', text.replace('20001', '20001 x')],
    ['a line with an empty field', text.replace('ensemble-kafka', '')],
    ['no node', text.replace('node worker-1\n', '')],
  ])('is refused with %s', (_, wrong) => {
    expect(() => parseNodeList(wrong)).toThrow(expect.objectContaining({ code: 'NODE_LIST_UNREADABLE' }));
  });

  test('is not written with a field that would not come back', () => {
    expect(() => formatNodeList({ ...parseNodeList(text), jobs: ['a b'] })).toThrow(TypeError);
    expect(() => formatNodeList({ ...parseNodeList(text), node: '' })).toThrow(TypeError);
  });
});
