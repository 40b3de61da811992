import { expect, test } from '@jest/globals';
import { routes } from '@ambit/contracts';
import { isForAnyone, openBySlip } from './for-anyone.ts';

test('one slip in the table of routes opens nothing to anyone', () => {
  expect(openBySlip(routes)).toEqual([]);
  expect(openBySlip({ ...routes, listUsers: { permission: 'anyone' } })).toEqual([
    'listUsers is for anyone in one place only',
  ]);
  expect(openBySlip({ ...routes, exchangeToken: { permission: 'self' } })).toEqual([
    'exchangeToken is for anyone in one place only',
  ]);
  const open = (Object.keys(routes) as (keyof typeof routes)[]).filter(isForAnyone);
  expect(open).toEqual(['exchangeToken']);
});
