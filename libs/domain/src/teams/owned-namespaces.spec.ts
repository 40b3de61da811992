import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterSelector } from '../policy-objects.ts';
import { ownedNamespaceProblem, sharedNamespace } from './owned-namespaces.ts';

const everywhere: ClusterSelector = { type: 'all' };
const named = (...uids: string[]): ClusterSelector => ({ type: 'names', uids });
const labelled = (
  key: string,
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist',
  ...values: string[]
): ClusterSelector => ({
  type: 'selector',
  selector: { requirements: [{ key, operator, values }] },
});

describe('a namespace to own', () => {
  test.each(['payments', 'payments-*', 'p*', 'kubeflow', 'kubeflow-*', 'ambitious-*', 'a'])(
    '%s may be owned',
    (pattern) => expect(ownedNamespaceProblem(pattern)).toBeUndefined(),
  );

  test.each([
    ['*', 'every namespace'],
    ['', 'every namespace'],
    ['pay*ments', 'only one "*"'],
    ['payments**', 'only one "*"'],
    ['*-payments', 'only one "*"'],
    ['Payments', 'lower-case'],
    ['kube-system', '"kube-"'],
    ['kube-*', '"kube-"'],
    ['kub*', '"kube-"'],
    ['k*', '"kube-"'],
    ['ambit-system', '"ambit-"'],
    ['amb*', '"ambit-"'],
  ])('%p is refused: %s', (pattern, why) => expect(ownedNamespaceProblem(pattern)).toContain(why));
});

describe('the same namespace of two', () => {
  const shared = (ours: readonly string[], theirs: readonly string[]): string | undefined =>
    sharedNamespace(
      [{ clusters: everywhere, namespaces: ours }],
      [{ clusters: everywhere, namespaces: theirs }],
    )?.theirs;

  test.each([
    ['payments', 'payments'],
    ['payments-eu', 'payments-*'],
    ['payments-*', 'payments-eu'],
    ['pay*', 'payments-*'],
    ['payments-*', 'pay*'],
  ])('%s is found in %s', (ours, theirs) =>
    expect(shared(['other', ours], ['more', theirs])).toBe(theirs),
  );

  test.each([
    ['payments', 'payments-*'],
    ['payments-eu', 'payments-us'],
    ['payments-eu*', 'payments-us*'],
  ])('%s is not in %s', (ours, theirs) => expect(shared([ours], [theirs])).toBeUndefined());

  test('no name that both patterns mean is missed, and none is made up', () => {
    const text = fc.stringMatching(/^[ab]{1,3}$/);
    const pattern = fc.oneof(
      text,
      text.map((stem) => `${stem}*`),
    );
    const means = (owned: string, name: string): boolean =>
      owned.endsWith('*') ? name.startsWith(owned.slice(0, -1)) : owned === name;
    const names = ['', 'a', 'b'].flatMap((one) =>
      ['', 'a', 'b'].flatMap((two) => ['a', 'b'].flatMap((three) => [one + two + three])),
    );
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const both = names.some((name) => means(a, name) && means(b, name));
        expect(shared([a], [b]) !== undefined).toBe(both);
      }),
    );
  });
});

describe('clusters of two', () => {
  const meet = (a: ClusterSelector, b: ClusterSelector): boolean => {
    const [ours, theirs] = [a, b].map((clusters) => [{ clusters, namespaces: ['n'] }]);
    const found = sharedNamespace(ours ?? [], theirs ?? []) !== undefined;
    expect(sharedNamespace(theirs ?? [], ours ?? []) !== undefined).toBe(found);
    return found;
  };

  test.each([
    ['one name of each', named('a', 'b'), named('b', 'c')],
    ['all and a name', everywhere, named('a')],
    ['a label and a name, which may get the label', labelled('env', 'In', 'prod'), named('a')],
    ['labels of two keys', labelled('env', 'In', 'prod'), labelled('site', 'In', 'eu')],
    ['values in common', labelled('env', 'In', 'prod', 'dev'), labelled('env', 'In', 'dev')],
    [
      'not one of the values',
      labelled('env', 'In', 'prod', 'dev'),
      labelled('env', 'NotIn', 'dev'),
    ],
    ['a label that is there', labelled('env', 'Exists'), labelled('env', 'In', 'prod')],
  ])('may be the same: %s', (_, a, b) => expect(meet(a, b)).toBe(true));

  test.each([
    ['other names', named('a'), named('b')],
    ['other values', labelled('env', 'In', 'prod'), labelled('env', 'In', 'dev')],
    ['none of the values', labelled('env', 'In', 'dev'), labelled('env', 'NotIn', 'dev', 'prod')],
    ['a label that is there and not there', labelled('a', 'Exists'), labelled('a', 'DoesNotExist')],
    ['a value of what is not there', labelled('a', 'In', 'x'), labelled('a', 'DoesNotExist')],
  ])('are never the same: %s', (_, a, b) => expect(meet(a, b)).toBe(false));
});

test('what many own is compared where the names meet, and nowhere else', () => {
  let looked = 0;
  const clusters = (from: number): ClusterSelector => ({
    type: 'names',
    get uids() {
      looked++;
      return Array.from({ length: 200 }, (_, at) => `c${from + at}`);
    },
  });
  const owning = (whose: string) =>
    Array.from({ length: 50 }, (_, line) => ({
      clusters: clusters(line),
      namespaces: Array.from({ length: 100 }, (__, at) => `${whose}-${line}-${at}`),
    }));
  expect(sharedNamespace(owning('ours'), owning('theirs'))).toBeUndefined();
  expect(looked).toBe(0);
  const theirs = [...owning('theirs'), { clusters: clusters(0), namespaces: ['ours-49-99'] }];
  expect(sharedNamespace(owning('ours'), theirs)).toEqual({
    at: 49,
    namespace: 99,
    theirs: 'ours-49-99',
  });
  // Both lists of the one pair of which the names are the same.
  expect(looked).toBe(2);
});
