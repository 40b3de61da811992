import { describe, expect, test } from '@jest/globals';
import { load, stateOf } from '../../test/policy-state.ts';
import { aCluster, aProfile, aTeam, gone, labelled, put } from '../../test/policy-builders.ts';
import { profileEntry } from './namespace-profile.ts';

const prod = aCluster('prod', { env: 'prod' });
const dev = aCluster('dev', { env: 'dev' });
const profile = aProfile('small', {
  labels: { tier: 'one' },
  podSecurity: {
    enforce: { level: 'restricted', version: 'v1.36' },
    warn: { level: 'restricted' },
  },
  resourceQuota: { hard: { pods: '10', 'limits.cpu': '4' } },
  limitRange: { limits: [{ type: 'Container', default: { memory: '1Gi', cpu: '1' } }] },
  networkPolicies: {
    preset: 'DefaultDeny',
    own: [{ name: 'from-ingress', spec: { podSelector: {}, ingress: [] } }],
  },
});
const team = aTeam('pay', {
  profile: profile.uid,
  owns: [
    { clusters: labelled('env', 'prod'), namespaces: ['pay', 'pay-x-*'] },
    { clusters: labelled('env', 'dev'), namespaces: ['pay-dev'] },
  ],
});

const kept = (policy: ReturnType<typeof load>, cluster: typeof prod): string[] =>
  Object.keys(stateOf(policy)[cluster.uid] ?? {}).filter((key) => /^(PROFILE|NAMESPACE)/.test(key));

describe('a profile', () => {
  test('says labels with those of Pod Security, and each object, in one order', () => {
    const entry = profileEntry(profile);
    expect(entry.labels).toEqual([
      ['pod-security.kubernetes.io/enforce', 'restricted'],
      ['pod-security.kubernetes.io/enforce-version', 'v1.36'],
      ['pod-security.kubernetes.io/warn', 'restricted'],
      ['pod-security.kubernetes.io/warn-version', 'latest'],
      ['tier', 'one'],
    ]);
    expect(entry.objects.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'LimitRange/ambit-limits',
      'NetworkPolicy/ambit-default-deny',
      'NetworkPolicy/ambit-from-ingress',
      'ResourceQuota/ambit-quota',
    ]);
  });

  test('travels as the same bytes whatever order the database keeps its keys in', () => {
    const other = aProfile('small', {
      ...profile.spec,
      resourceQuota: { hard: { 'limits.cpu': '4', pods: '10' } },
      limitRange: { limits: [{ default: { cpu: '1', memory: '1Gi' }, type: 'Container' }] },
    });
    expect(profileEntry(other)).toEqual(profileEntry(profile));
  });

  test('stands where a team that names it owns namespaces, and nowhere without one', () => {
    expect(kept(load(prod, dev, profile), prod)).toEqual([]);
    expect(kept(load(prod, dev, team), prod)).toEqual([]);
    const policy = load(prod, dev, profile, team, aCluster('elsewhere'));
    expect(kept(policy, prod)).toEqual([
      'PROFILE/profile-uid-small',
      'NAMESPACE/pay',
      'NAMESPACE/pay-x-*',
    ]);
    expect(kept(policy, dev)).toEqual(['PROFILE/profile-uid-small', 'NAMESPACE/pay-dev']);
    expect(policy.counts(aCluster('elsewhere').uid)).toMatchObject({ PROFILE: 0, NAMESPACE: 0 });
  });

  test('that changes is one entry of each cluster, however many namespaces it stands in', () => {
    const policy = load(prod, dev, profile, team);
    const change = put({ ...profile, spec: { ...profile.spec, create: false } });
    const touched = policy.apply({ revision: 2, changes: [change] });
    const key = 'PROFILE/profile-uid-small';
    expect(Array.from(touched, ([cluster, keys]) => [cluster, [...keys]])).toEqual([
      [prod.uid, [key]],
      [dev.uid, [key]],
    ]);
  });

  test('comes with a cluster that begins to match, and goes with it', () => {
    const policy = load(dev, profile, team);
    const came = policy.apply({ revision: 2, changes: [put(prod)] });
    expect([...(came.get(prod.uid) ?? [])].sort()).toEqual([
      'CONFIG/cluster',
      'NAMESPACE/pay',
      'NAMESPACE/pay-x-*',
      'PROFILE/profile-uid-small',
    ]);
    const left = policy.apply({ revision: 3, changes: [put({ ...prod, labels: {} })] });
    expect(left.get(prod.uid)?.size).toBe(3);
    policy.apply({ revision: 4, changes: [gone(team), put(prod)] });
    expect(kept(policy, prod)).toEqual([]);
  });
});
