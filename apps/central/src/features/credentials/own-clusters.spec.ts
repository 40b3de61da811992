import { describe, expect, test } from '@jest/globals';
import { Policy } from '@ambit/domain';
import type { NamespaceSelector, PolicyObject, ReportedFacts } from '@ambit/domain';
import { defaultCeiling } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { Actor } from '../../platform/actor.ts';
import type { Evidence } from '../access/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { OwnClusters } from './own-clusters.ts';

const named = (kind: string, name: string) => ({ kind, uid: `${kind}-${name}`, name, labels: {} });

function policyWith(...namespaces: readonly NamespaceSelector[]): Policy {
  const grants = namespaces.map((selector, at) => ({
    ...named('Grant', `g${at}`),
    subjects: [{ kind: 'User', uid: 'User-ada' }],
    roleUid: 'Role-view',
    scope: { clusters: { type: 'all' }, namespaces: selector },
    source: 'api',
    ended: false,
  }));
  const objects = [
    { ...named('User', 'ada'), active: true },
    { ...named('Role', 'view'), clusterRole: 'view' },
    { ...named('Cluster', 'prod'), subjectMode: 'Users', userPrefix: 'ambit:' },
    ...grants,
  ] as unknown as PolicyObject[];
  return Policy.load(1, objects, nodeDigests);
}

const facts = (ceiling: boolean): ReportedFacts => ({
  clusterRoles: new Map(),
  namespaces: new Map([
    ['payments', { labels: { team: 'pay' }, phase: 'Active' }],
    ['refunds', { labels: { team: 'pay' }, phase: 'Active' }],
    ['web', { labels: { team: 'web' }, phase: 'Active' }],
  ]),
  ...(ceiling ? { ceiling: defaultCeiling } : {}),
});

const ada: Pick<Actor, 'principal'> = {
  principal: { kind: 'user', uid: 'User-ada', name: 'ada', roles: [], teams: [] },
};

function own(policy: Policy, evidence: Partial<Evidence>) {
  const world = { policy, whole: async () => undefined } as unknown as PolicyWorld;
  const told = { facts: facts(true), unwanted: [], connected: true, ...evidence };
  const of = async (uids: readonly string[]) => new Map(uids.map((uid) => [uid, told]));
  return new OwnClusters(world, { of }, { now: () => 1 }).list(ada);
}

const selector = (team: string): NamespaceSelector => ({
  type: 'selector',
  selector: { requirements: [{ key: 'team', operator: 'In', values: [team] }] },
});

describe('own clusters', () => {
  test.each<[string, NamespaceSelector[], string[]]>([
    ['named ones, once each, in order', [{ type: 'names', names: ['b', 'a', 'b'] }], ['a', 'b']],
    ['those whose labels say so', [selector('pay')], ['payments', 'refunds']],
    ['of several grants', [selector('web'), { type: 'names', names: ['b'] }], ['b', 'web']],
    ['all', [{ type: 'all' }], ['*']],
    ['all, whatever else is named', [{ type: 'names', names: ['a'] }, { type: 'all' }], ['*']],
    ['the whole cluster', [{ type: 'clusterWide' }], ['*']],
  ])('name the namespaces: %s', async (_, scopes, namespaces) => {
    expect(await own(policyWith(...scopes), {})).toMatchObject([{ name: 'prod', namespaces }]);
  });

  test.each([
    ['Connected', true, true],
    ['Offline', false, true],
    ['AwaitingAgent', false, false],
  ])('say how the cluster is: %s', async (state, connected, told) => {
    const found = await own(policyWith({ type: 'all' }), { connected, facts: facts(told) });
    expect(found).toMatchObject([{ state, roles: ['view'], user: 'ambit:ada' }]);
  });
});
