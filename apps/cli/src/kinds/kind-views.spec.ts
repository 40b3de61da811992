import { expect, test } from '@jest/globals';
import { policyKinds } from '@ambit/contracts';
import { kindViews } from './kind-views.ts';

test('the command shows every kind there is', () => {
  const shown = kindViews.map(({ contract }) => contract.kind);
  expect(shown.toSorted()).toEqual(policyKinds.map(({ kind }) => kind).toSorted());
});
