import { describe, expect, test } from '@jest/globals';
import { defaultCeiling } from '@ambit/rbac';
import { load } from '../../test/policy-state.ts';
import {
  aCluster,
  aGrant,
  aGroup,
  aMember,
  aRole,
  aTeam,
  aUser,
  inNamespaces,
  membersOf,
  on,
  owning,
  to,
} from '../../test/policy-builders.ts';
import type { PolicyObject, TeamMember } from '../policy-objects.ts';
import type { AccessQuestion, ReportedFacts } from './access-answer.ts';
import { canI } from './can-i.ts';
import { whoCan } from './who-can.ts';

const prod = aCluster('prod', { env: 'prod' });
const staging = aCluster('staging', { env: 'staging' });
const [view, admin] = [aRole('view'), aRole('admin')];
const logs = aRole('logs', {
  rules: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }],
});
const [alice, bob, carl] = [aUser('alice'), aUser('bob'), aUser('carl', { active: false })];
const devs = aGroup('devs');
const basics: PolicyObject[] = [
  prod,
  staging,
  view,
  admin,
  logs,
  alice,
  bob,
  carl,
  devs,
  aMember(devs, bob),
  aMember(devs, carl),
];
const facts: ReportedFacts = {
  clusterRoles: new Map([
    ['view', [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]],
    ['edit', [{ apiGroups: [''], resources: ['pods'], verbs: ['*'] }]],
  ]),
  namespaces: new Map([
    ['payments', { labels: { team: 'pay' }, phase: 'Active' }],
    ['kube-system', { labels: { team: 'pay' }, phase: 'Active' }],
    ['leaving', { labels: {}, phase: 'Terminating' }],
  ]),
  ceiling: defaultCeiling,
};
const now = 10_000;
const ask = (parts: Partial<AccessQuestion> = {}): AccessQuestion => ({
  clusterUid: prod.uid,
  verb: 'get',
  apiGroup: '',
  resource: 'pods',
  namespace: 'payments',
  ...parts,
});

const grantOf = (parts: Partial<Parameters<typeof aGrant>[1]> = {}) =>
  aGrant('g', {
    subjects: to(alice),
    role: view,
    clusters: on(prod),
    namespaces: inNamespaces('payments'),
    ...parts,
  });

function can(
  user: string,
  objects: PolicyObject[],
  more: { question?: Partial<AccessQuestion>; facts?: ReportedFacts; now?: number } = {},
) {
  return canI({
    policy: load(...basics, ...objects),
    facts: more.facts ?? facts,
    question: ask(more.question),
    now: more.now ?? now,
    user,
  });
}

const reasons = (answer: ReturnType<typeof can>) =>
  answer.allowed ? ['allowed'] : answer.refusals.map(({ reason }) => reason);

describe('can-i', () => {
  test('names the grant, the role and the scope', () => {
    expect(can('alice', [grantOf()])).toEqual({
      allowed: true,
      revision: 1,
      paths: [
        {
          grant: 'g',
          grantUid: 'grant-uid-g',
          role: 'view',
          scope: 'prod/payments',
          reach: 'in namespace payments',
        },
      ],
    });
  });

  test('names the group and the end, and lasts as long as the longest way', () => {
    const short = aGrant('short', {
      subjects: to(bob),
      role: view,
      namespaces: { type: 'all' },
      until: 20_000,
    });
    const long = aGrant('long', {
      subjects: to(devs),
      role: view,
      namespaces: { type: 'all' },
      until: 30_000,
    });
    expect(can('bob', [short, long])).toMatchObject({
      allowed: true,
      until: 30_000,
      paths: [
        { grant: 'long', through: 'devs', until: 30_000, scope: '*/*' },
        { grant: 'short', until: 20_000 },
      ],
    });
    const endless = aGrant('endless', {
      subjects: to(bob),
      role: view,
      namespaces: { type: 'all' },
    });
    expect(can('bob', [short, endless])).not.toHaveProperty('until');
  });

  test('names the team, and every way into it', () => {
    const team = aTeam('payers', { members: membersOf(bob, devs) });
    const grant = grantOf({ subjects: to(team, bob) });
    expect(can('bob', [team, grant])).toMatchObject({
      allowed: true,
      paths: [
        { grant: 'g', grantUid: 'grant-uid-g' },
        { grant: 'g', team: 'payers' },
        { grant: 'g', through: 'devs', team: 'payers' },
      ],
    });
    const elsewhere = grantOf({ subjects: to(team), clusters: on(staging) });
    expect(can('bob', [team, elsewhere])).toMatchObject({
      refusals: [
        { reason: 'other_cluster', team: 'payers' },
        { reason: 'other_cluster', through: 'devs', team: 'payers' },
      ],
    });
    const question = ask();
    const policy = load(...basics, team, grant);
    expect(whoCan({ policy, facts, question, now }).holders).toEqual([
      expect.objectContaining({ user: 'bob', paths: [{}, {}, {}].map(() => expect.anything()) }),
    ]);
  });

  test('of what a team owns says where it holds, and is asked of the team that owns it alone', () => {
    const owns = [owning(on(prod), 'payments', 'leaving')];
    const team = aTeam('payers', { members: membersOf(devs), owns });
    const other = aTeam('others', { members: membersOf(devs, alice) });
    const grant = grantOf({ subjects: to(team, other), namespaces: { type: 'owned' } });
    expect(can('bob', [team, other, grant])).toMatchObject({
      allowed: true,
      paths: [
        {
          grantUid: 'grant-uid-g',
          scope: 'prod/payments,leaving',
          reach: 'in namespaces payments, leaving',
          through: 'devs',
          team: 'payers',
        },
      ],
    });
    expect(reasons(can('alice', [team, other, grant]))).toEqual(['other_cluster']);
    const ended = { ...grant, until: 5_000, ended: true };
    expect(reasons(can('bob', [team, other, ended]))).toContain('grant_ended');
  });

  test.each<[string, string, PolicyObject[], Parameters<typeof can>[2]]>([
    ['user_unknown', 'nobody', [], {}],
    ['user_inactive', 'carl', [grantOf({ subjects: to(devs) })], {}],
    ['no_grant', 'alice', [], {}],
    ['other_cluster', 'alice', [grantOf({ clusters: on(staging) })], {}],
    ['scope_elsewhere', 'alice', [grantOf({ namespaces: inNamespaces('web') })], {}],
    ['scope_elsewhere', 'alice', [grantOf()], { question: { resource: 'nodes', namespace: '' } }],
    ['rules_insufficient', 'alice', [grantOf()], { question: { verb: 'delete' } }],
    ['grant_pending', 'alice', [grantOf({ notBefore: now + 1 })], {}],
    ['grant_ended', 'alice', [grantOf({ until: now })], {}],
    ['other_cluster', 'alice', [grantOf({ clusters: on(staging), until: 1, ended: true })], {}],
    ['grant_ended', 'alice', [grantOf({ until: now - 9, ended: true })], {}],
    ['role_missing', 'alice', [grantOf()], { facts: { ...facts, clusterRoles: new Map() } }],
    ['ceiling_refused', 'alice', [grantOf({ role: admin })], {}],
    ['ceiling_refused', 'alice', [grantOf({ role: logs })], { question: { subresource: 'log' } }],
    ['ceiling_refused', 'alice', [grantOf({ namespaces: { type: 'clusterWide' } })], {}],
    [
      'namespace_missing',
      'alice',
      [grantOf({ namespaces: { type: 'all' } })],
      { question: { namespace: 'new' } },
    ],
    [
      'namespace_protected',
      'alice',
      [grantOf({ namespaces: { type: 'all' } })],
      { question: { namespace: 'kube-system' } },
    ],
    [
      'agent_never_seen',
      'alice',
      [grantOf()],
      { facts: { clusterRoles: new Map(), namespaces: new Map() } },
    ],
  ])('case U14: a no says %s', (reason, user, objects, more) => {
    const answer = can(user, objects, more);
    expect(reasons(answer)[0]).toBe(reason);
    if (!answer.allowed) expect(answer.refusals[0]?.message).toMatch(/\.$/);
  });

  test('case U14: the nearest reason comes first', () => {
    const answer = can(
      'alice',
      [
        aGrant('far', { subjects: to(alice), role: view, clusters: on(staging) }),
        aGrant('rules', {
          subjects: to(alice),
          role: view,
          namespaces: { type: 'all' },
          clusters: on(prod),
        }),
        aGrant('over', {
          subjects: to(alice),
          role: aRole('edit'),
          namespaces: inNamespaces('payments'),
          until: now - 1,
        }),
        aRole('edit'),
      ],
      { question: { verb: 'delete' } },
    );
    expect(reasons(answer)).toEqual(['grant_ended', 'rules_insufficient', 'other_cluster']);
    if (!answer.allowed) expect(answer.refusals[0]).toMatchObject({ grant: 'over', at: now - 1 });
  });

  test('access begins and ends with the grant, to the millisecond', () => {
    const grant = grantOf({ notBefore: 100, until: 200 });
    const at = (time: number) => can('alice', [grant], { now: time }).allowed;
    expect([99, 100, 199, 200].map(at)).toEqual([false, true, true, false]);
  });

  test('case 33: a right on pods is none on their subresources, and the other way round', () => {
    const open = {
      ...facts,
      ceiling: {
        ...defaultCeiling,
        customRoles: { rules: [{ apiGroups: [''], resources: ['pods/log'], verbs: ['get'] }] },
      },
    };
    const objects = [grantOf({ role: logs })];
    expect(can('alice', objects, { facts: open, question: { subresource: 'log' } }).allowed).toBe(
      true,
    );
    expect(can('alice', objects, { facts: open }).allowed).toBe(false);
    expect(can('alice', [grantOf()], { question: { subresource: 'exec' } }).allowed).toBe(false);
  });

  test('case b19: a right in one API group is none in another', () => {
    expect(can('alice', [grantOf()], { question: { apiGroup: 'other.io' } }).allowed).toBe(false);
  });

  test('case 31: names that begin alike are not confused', () => {
    const other = aUser('alice-admin');
    const cluster = aCluster('prod-2');
    const objects = [other, cluster, grantOf({ subjects: to(other) })];
    expect(can('alice', objects).allowed).toBe(false);
    expect(can('alice-admin', objects).allowed).toBe(true);
    expect(can('alice-admin', objects, { question: { clusterUid: cluster.uid } }).allowed).toBe(
      false,
    );
    const both = grantOf({ subjects: to(other), namespaces: inNamespaces('pay') });
    expect(can('alice-admin', [other, both]).allowed).toBe(false);
  });

  test('among many grants of other clusters the one that comes nearest is told first', () => {
    const elsewhere = Array.from({ length: 30 }, (_, at) => ({
      ...grantOf({ clusters: on(staging) }),
      uid: `elsewhere-${at}`,
      name: `elsewhere-${at}`,
    }));
    const near = { ...grantOf({ notBefore: now + 1 }), uid: 'near', name: 'near' };
    const told = reasons(can('alice', [...elsewhere, near]));
    expect(told).toEqual(['grant_pending', 'other_cluster', 'other_cluster', 'other_cluster']);
    const ended = { ...grantOf({ until: 1, ended: true }), uid: 'over', name: 'over' };
    expect(reasons(can('alice', [...elsewhere, ended, near])).slice(0, 3)).toEqual([
      'grant_pending',
      'grant_ended',
      'other_cluster',
    ]);
    const here = Array.from({ length: 30 }, (_, at) => ({
      ...grantOf({ notBefore: now + 1 }),
      uid: `here-${at}`,
      name: `here-${at}`,
    }));
    expect(reasons(can('alice', [...elsewhere, ...here]))).toEqual(
      Array.from({ length: 10 }, () => 'grant_pending'),
    );
  });

  test('where people are ServiceAccounts, only under a ceiling that allows them', () => {
    const access = { credential: 'ServiceAccountToken', via: 'Webhook', ttl: '10m' } as const;
    const objects = [{ ...prod, access }, grantOf()];
    expect(reasons(can('alice', objects))).toEqual(['ceiling_refused']);
    const credentials = ['ServiceAccountToken'] as const;
    const open = { ...facts, ceiling: { ...defaultCeiling, credentials } };
    expect(can('alice', objects, { facts: open }).allowed).toBe(true);
    const policy = load(...basics, ...objects);
    expect(whoCan({ policy, facts, question: ask(), now }).holders).toEqual([]);
    const holders = whoCan({ policy, facts: open, question: ask(), now }).holders;
    expect(holders.map(({ user }) => user)).toEqual(['alice']);
  });

  test('a person whose name the ceiling refuses is claimed nothing', () => {
    const strict = { ...facts, ceiling: { ...defaultCeiling, subjectPrefixes: ['sso:'] } };
    expect(reasons(can('alice', [grantOf()], { facts: strict }))).toEqual(['ceiling_refused']);
  });

  test('what was bound before a namespace began to leave still holds', () => {
    const all = grantOf({ namespaces: { type: 'all' } });
    expect(can('alice', [all], { question: { namespace: 'leaving' } }).allowed).toBe(true);
  });
});

describe('who-can', () => {
  test('expands groups, leaves out who is inactive, and says through what', () => {
    const policy = load(
      ...basics,
      grantOf(),
      aGrant('team', {
        subjects: to(devs, alice),
        role: view,
        namespaces: { type: 'all' },
        until: 50_000,
      }),
    );
    expect(whoCan({ policy, facts, question: ask(), now })).toEqual({
      revision: 1,
      holders: [
        {
          user: 'alice',
          userUid: alice.uid,
          paths: [
            {
              grant: 'g',
              grantUid: 'grant-uid-g',
              role: 'view',
              scope: 'prod/payments',
              reach: 'in namespace payments',
            },
            {
              grant: 'team',
              grantUid: 'grant-uid-team',
              role: 'view',
              scope: '*/*',
              reach: 'in every namespace',
              until: 50_000,
            },
          ],
        },
        {
          user: 'bob',
          userUid: bob.uid,
          until: 50_000,
          paths: [
            {
              grant: 'team',
              grantUid: 'grant-uid-team',
              role: 'view',
              through: 'devs',
              throughUid: devs.uid,
              scope: '*/*',
              reach: 'in every namespace',
              until: 50_000,
            },
          ],
        },
      ],
    });
  });

  test('looks at each member of the teams a fixed number of times, however many there are', () => {
    const perMember = (count: number): number => {
      let looks = 0;
      const people = Array.from({ length: count }, (_, at) => aUser(`u${at}`));
      const members = people.map(({ uid }): TeamMember => ({
        kind: 'User',
        get uid() {
          looks++;
          return uid;
        },
      }));
      const [one, two] = [aTeam('one', { members }), aTeam('two', { members })];
      const policy = load(...basics, ...people, one, two, grantOf({ subjects: to(one, two) }));
      looks = 0;
      const { holders } = whoCan({ policy, facts, question: ask(), now });
      expect(holders.map(({ paths }) => paths.length)).toEqual(people.map(() => 2));
      return looks / count;
    };
    expect(perMember(10)).toBeGreaterThan(0);
    expect(perMember(200)).toBe(perMember(10));
  });

  test('is nobody where no agent was ever seen', () => {
    const policy = load(...basics, grantOf());
    const unseen = { clusterRoles: facts.clusterRoles, namespaces: facts.namespaces };
    expect(whoCan({ policy, facts: unseen, question: ask(), now }).holders).toEqual([]);
  });
});
