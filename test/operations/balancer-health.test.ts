/** HAProxy's statistics as status reads them. The columns are those of the management guide, section 9.1, shortened to what stands before them. */
import { describe, expect, test } from 'vitest';
import {
  balancerDetail,
  balancerTroubles,
  type PoolServer,
  parseStatistics,
} from '../../operations/balancer-health.ts';

const csv = `# pxname,svname,qcur,qmax,scur,smax,status,weight
stats,FRONTEND,,,1,1,OPEN,
api,FRONTEND,,,3,9,OPEN,
api,api-1,0,0,2,5,UP,1
api,api-2,0,0,0,5,DOWN,1
api,api-3,0,0,0,5,UP 1/3,1
api,api-4,0,0,0,5,MAINT,1
api,BACKEND,0,0,2,5,UP,2
auth,api-1,0,0,0,0,no check,1
auth,BACKEND,0,0,0,0,UP,1
`;

describe('the statistics of a balancer', () => {
  test('name each server of each pool, and whether requests go to it', () => {
    expect(parseStatistics(csv)).toEqual([
      { pool: 'api', node: 'api-1', up: true },
      { pool: 'api', node: 'api-2', up: false },
      { pool: 'api', node: 'api-3', up: true },
      { pool: 'api', node: 'api-4', up: false },
      { pool: 'auth', node: 'api-1', up: true },
    ]);
  });

  test('find their columns by name, wherever they stand', () => {
    expect(parseStatistics('# svname,status,pxname\napi-1,UP,api\n')).toEqual([
      { pool: 'api', node: 'api-1', up: true },
    ]);
  });

  test('that are empty name nobody', () => {
    expect(parseStatistics('')).toEqual([]);
  });

  test('are said in a few words, and each server that is out is a trouble', () => {
    const servers = parseStatistics(csv);
    expect(balancerDetail(servers)).toBe('2 of 4 api, 1 of 1 auth behind it');
    const balancers = new Map<string, readonly PoolServer[] | undefined>([
      ['balancer-1', servers],
      ['balancer-2', undefined],
    ]);
    expect(balancerTroubles(balancers)).toEqual([
      'balancer-1 sends nothing to api on api-2',
      'balancer-1 sends nothing to api on api-4',
    ]);
    expect(balancerDetail(undefined)).toBe('says nothing');
  });
});
