import { describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { load } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aRole,
  aUser,
  inNamespaces,
  on,
  to,
} from '../../test/policy-builders.ts';
import type { AccessQuestion, ReportedFacts } from './access-answer.ts';
import { askedPlace } from './asked-place.ts';
import { canI } from './can-i.ts';
import { whoCan } from './who-can.ts';

const prod = aCluster('prod');
const alice = aUser('alice');
const ops = aRole('ops');
const facts: ReportedFacts = {
  clusterRoles: new Map([
    [
      'ops',
      [
        { apiGroups: [''], resources: ['pods', 'nodes', 'namespaces'], verbs: ['*'] },
        { nonResourceURLs: ['/metrics'], verbs: ['get'] },
      ],
    ],
  ]),
  namespaces: new Map([['payments', { labels: {}, phase: 'Active' }]]),
  ceiling: { ...defaultCeiling, allowedClusterRoles: ['ops'], clusterScope: true },
};
const common = { subjects: to(alice), role: ops, clusters: on(prod) };
const inPayments = aGrant('in-payments', { ...common, namespaces: inNamespaces('payments') });
const everywhere = aGrant('everywhere', common);
const nodes: Partial<AccessQuestion> = { resource: 'nodes', namespaced: false };
const itself: Partial<AccessQuestion> = { resource: 'namespaces', namespaced: false };

const ask = (parts: Partial<AccessQuestion>): AccessQuestion => ({
  clusterUid: prod.uid,
  verb: 'get',
  apiGroup: '',
  resource: 'pods',
  namespace: 'payments',
  ...parts,
});

function answer(parts: Partial<AccessQuestion>, grant = inPayments): readonly string[] {
  const inquiry = { policy: load(prod, alice, ops, grant), facts, question: ask(parts), now: 1 };
  const can = canI({ ...inquiry, user: 'alice' });
  expect(whoCan(inquiry).holders).toHaveLength(can.allowed ? 1 : 0);
  return can.allowed ? [can.paths[0]?.reach ?? ''] : can.refusals.map(({ reason }) => reason);
}

describe('outside case 06: an object of the cluster', () => {
  test('is given by no grant in a namespace, whatever its role says, and the answer says why', () => {
    expect(answer(nodes)).toEqual(['cluster_scoped']);
    expect(answer({ ...nodes, verb: 'list' })).toEqual(['cluster_scoped']);
    const policy = load(prod, alice, ops, inPayments);
    const can = canI({ policy, facts, question: ask(nodes), now: 1, user: 'alice' });
    expect(can).toMatchObject({
      refusals: [
        {
          message:
            'Grant in-payments holds only in prod/payments, and nodes belong to no namespace: only a cluster-wide grant gives that.',
        },
      ],
    });
  });

  test('is given by a cluster-wide grant, whatever namespace the question names', () => {
    expect(answer(nodes, everywhere)).toEqual(['cluster-wide']);
    expect(answer({}, everywhere)).toEqual(['cluster-wide']);
  });

  test('a path is none of a namespace either', () => {
    const path = { path: '/metrics', resource: '', namespaced: false };
    expect(answer(path)).toEqual(['cluster_scoped']);
    expect(answer(path, everywhere)).toEqual(['cluster-wide']);
    expect(answer({ ...path, path: '/healthz' }, everywhere)).toEqual(['rules_insufficient']);
  });

  test('a namespace lies in itself: what names one is given in it, what names none or another is not', () => {
    expect(answer(itself)).toEqual(['in namespace payments']);
    const { namespace: _, ...clusterWide } = ask({ ...itself, name: 'payments' });
    const policy = load(prod, alice, ops, inPayments);
    expect(whoCan({ policy, facts, question: clusterWide, now: 1 }).holders).toHaveLength(1);
    expect(answer({ ...itself, verb: 'list' })).toEqual(['cluster_scoped']);
    expect(answer({ ...itself, verb: 'create' })).toEqual(['cluster_scoped']);
    expect(answer({ ...itself, name: 'other' })).toEqual(['scope_elsewhere']);
  });

  test('what nobody could check is asked as it was before', () => {
    expect(answer({ resource: 'gadgets' })).toEqual(['rules_insufficient']);
    expect(answer({})).toEqual(['in namespace payments']);
  });
});

test.each<[Partial<AccessQuestion>, string]>([
  [{}, 'in namespace payments'],
  [{ namespaced: true }, 'in namespace payments'],
  [{ namespace: '', namespaced: true }, 'in every namespace'],
  [{ namespace: '' }, 'cluster-wide'],
  [nodes, 'cluster-wide'],
  [itself, 'in namespace payments'],
])('outside case 06: %j is asked %s', (parts, expected) => {
  expect(askedPlace(ask(parts))).toBe(expected);
});
