/** What a node's answers about its own servers mean: a member's BSON, a balancer's page. */
import { describe, expect, it } from 'vitest';
import { memberState, statisticsOf } from '../../operations/aws/ask-cluster.ts';

/** Booleans as BSON has them, in an answer's middle. */
const answer = (fields: Readonly<Record<string, boolean>>) =>
  `\x90\0\0\0header${Object.entries(fields)
    .map(([name, value]) => `\x08${name}\0${value ? '\x01' : '\0'}`)
    .join('')}\x01maxBsonObjectSize\0`;

describe('a member of the metadata store', () => {
  it('is what its answer says: primary, secondary, or neither', () => {
    expect(memberState(answer({ ismaster: true, secondary: false }))).toBe('primary');
    expect(memberState(answer({ ismaster: false, isWritablePrimary: true }))).toBe('primary');
    expect(memberState(answer({ ismaster: false, secondary: true }))).toBe('secondary');
    expect(memberState(answer({ ismaster: false, secondary: false }))).toBe('other');
  });

  it('is silent where the answer is none of a member', () => {
    expect(memberState('')).toBeUndefined();
    expect(memberState('HTTP/1.0 400 Bad Request')).toBeUndefined();
  });
});

describe('a balancer’s page', () => {
  const page = '# pxname,svname,status\napi,FRONTEND,OPEN\napi,api-1,UP\napi,api-2,DOWN\n';

  it('says of each server whether it gets anything', () => {
    expect(statisticsOf(`HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\n${page}`)).toEqual([
      { pool: 'api', node: 'api-1', up: true },
      { pool: 'api', node: 'api-2', up: false },
    ]);
  });

  it('that is refused says nothing, which is not that all is well', () => {
    expect(statisticsOf(`HTTP/1.0 503 Service Unavailable\r\n\r\n${page}`)).toBeUndefined();
    expect(statisticsOf('')).toBeUndefined();
  });
});
