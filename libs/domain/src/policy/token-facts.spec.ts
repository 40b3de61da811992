import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { departureId, type CredentialsEntry } from '@ambit/rbac';
import { nodeDigests } from '../../test/node-digests.ts';
import { aCluster, aGroup, aMember, aUser, gone, put } from '../../test/policy-builders.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import type { PolicyChange, PolicyObject, PolicyPlain } from '../policy-objects.ts';
import { Policy } from './policy.ts';
import { endedSessionKind, leftGroupKind, tokenIssuer, webhookKey } from './token-kinds.ts';

const key = { kty: 'EC', crv: 'P-256', kid: 'k1', x: 'x', y: 'y' } as const;
const plain = (of: string, name: string, spec: PolicyPlain['spec']): PolicyPlain => ({
  kind: 'Plain',
  of,
  uid: `${of}-${name}`,
  name,
  labels: {},
  spec,
});
const issuer = (...kids: string[]): PolicyPlain =>
  plain(tokenIssuer.kind, tokenIssuer.name, {
    issuer: 'https://a/webhook',
    keys: kids.map((kid) => ({ ...key, kid })),
  });
const minute = 60_000;
const noon = 1_800_000_000_000;
const ended = (id: string, minutes: number): PolicyPlain =>
  plain(endedSessionKind, id, { endedAt: noon + minutes * minute });

const access = { credential: 'Token', via: 'Webhook', ttl: '10m' } as const;
const webhook = { ...aCluster('web'), access };
const others = [
  { ...aCluster('oidc'), access: { ...access, via: 'OIDC' as const } },
  { ...aCluster('off'), access: { ...access, credential: 'None' as const } },
  aCluster('none'),
];
const entryOf = (policy: Policy): CredentialsEntry | undefined =>
  policy.entry(webhook.uid, webhookKey) as CredentialsEntry | undefined;

function applied(policy: Policy, ...changes: PolicyChange[]): string[] {
  const touched = policy.apply({ revision: policy.revision + 1, changes });
  return [...touched].flatMap(([uid, keys]) => Array.from(keys, (each) => `${uid} ${each}`));
}

describe('what webhooks judge tokens by', () => {
  test('stands where tokens come in through the webhook, and nowhere else', () => {
    const policy = load(webhook, ...others, issuer('k1'), ended('s1', 0));
    expect(entryOf(policy)).toEqual({
      section: 'CREDENTIALS',
      key: webhookKey,
      issuer: 'https://a/webhook',
      audience: `ambit:${webhook.uid}`,
      userPrefix: webhook.userPrefix,
      keys: [key],
      endedSessions: ['s1'],
    });
    expect([...policy.entries(webhook.uid)]).toContainEqual(entryOf(policy));
    expect(policy.counts(webhook.uid).CREDENTIALS).toBe(1);
    for (const { uid } of others) {
      expect(policy.entry(uid, webhookKey)).toBeUndefined();
      expect(Array.from(policy.entries(uid), (each) => each.section)).toEqual(['CONFIG']);
      expect(policy.counts(uid).CREDENTIALS).toBe(0);
    }
  });

  test('is nothing while central has no keys, whatever else is known', () => {
    const before = load({ ...aCluster('web') });
    const after = load(webhook, ended('s1', 0));
    expect([...after.entries(webhook.uid)]).toEqual([...before.entries(webhook.uid)]);
  });

  test('is touched by new keys, ended sessions and the way of the cluster alone', () => {
    const policy = load(webhook, ...others);
    const touched = [`${webhook.uid} ${webhookKey}`];
    expect(applied(policy, put(issuer('k1')))).toEqual(touched);
    expect(applied(policy, put(issuer('k1')))).toEqual([]);
    expect(applied(policy, put(issuer('k1', 'k2')))).toEqual(touched);
    expect(applied(policy, put(ended('s1', 0)))).toEqual(touched);
    expect(applied(policy, put(plain('Memo', 'm', {})))).toEqual([]);
    const { access: _, ...without } = webhook;
    expect(applied(policy, put(without))).toEqual(touched);
    expect(applied(policy, put(ended('s2', 1)))).toEqual([]);
    expect(applied(policy, put(webhook))).toEqual(touched);
    expect(entryOf(policy)?.endedSessions).toEqual(['s1', 's2']);
    expect(applied(policy, gone(issuer()))).toEqual(touched);
    expect(entryOf(policy)).toBeUndefined();
  });

  test('lists sessions of the hour before the last one that ended', () => {
    const policy = load(webhook, issuer('k1'), ended('old', 0));
    applied(policy, put(ended('recent', 59)));
    expect(entryOf(policy)?.endedSessions).toEqual(['old', 'recent']);
    applied(policy, put(ended('last', 60)));
    expect(entryOf(policy)?.endedSessions).toEqual(['last', 'recent']);
    // It is forgotten, so that the memory of a replica does not grow with every session that ever ended.
    expect(policy.byName(endedSessionKind, 'old')).toBeUndefined();
    expect(policy.byName(endedSessionKind, 'recent')).toBeDefined();
  });

  test('refuses by time of issue when more sessions ended than are listed', () => {
    const many = Array.from({ length: 2_001 }, (_, n) => ended(`s${n}`, n / 100));
    const all = entryOf(load(webhook, issuer('k1'), ...many.slice(1)));
    expect(all?.endedSessions).toHaveLength(2_000);
    expect(all?.issuedFrom).toBeUndefined();
    const entry = entryOf(load(webhook, issuer('k1'), ...many));
    expect(entry?.endedSessions).toHaveLength(2_000);
    expect(entry?.endedSessions).not.toContain('s0');
    // Whatever was issued for s0 was issued before it ended.
    expect(entry?.issuedFrom).toBeGreaterThan(noon / 1_000);
    expect(entry?.issuedFrom).toBeLessThanOrEqual(noon / 1_000 + 10);
  });

  test('asking what would be leaves no session behind', () => {
    const policy = load(webhook, issuer('k1'), ended('old', 0));
    const before = stateOf(policy);
    policy.whatIf([put(ended('new', 120)), put(issuer('k2'))], () => {
      expect(entryOf(policy)).toMatchObject({ endedSessions: ['new'], keys: [{ kid: 'k2' }] });
    });
    expect(stateOf(policy)).toEqual(before);
  });

  test('is the same for a replica that followed and one that was loaded, in any order', () => {
    const session = fc.record({ id: fc.nat(30), at: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(session, { maxLength: 30 }), fc.boolean(), (sessions, late) => {
        const ends = new Map(sessions.map(({ id, at }) => [id, ended(`s${id}`, at)]));
        const objects: PolicyObject[] = [webhook, issuer('k1'), ...ends.values()];
        const loaded = Policy.load(1, objects, nodeDigests);
        const followed = Policy.load(0, late ? [webhook] : [webhook, issuer('k1')], nodeDigests);
        for (const end of ends.values()) applied(followed, put(end));
        if (late) applied(followed, put(issuer('k1')));
        expect(entryOf(followed)).toEqual(entryOf(loaded));
      }),
    );
  });
});

describe('what webhooks are told of who left groups', () => {
  const grouped = { ...aCluster('grouped', {}, { subjectMode: 'Groups' }), access };
  const left = (group: string, user: string, minutes: number): PolicyPlain => {
    const member = aMember(aGroup(group), aUser(user));
    const { uid, groupUid, userUid } = member;
    const spec = { groupUid, userUid, group, leftAt: noon + minutes * minute };
    return { ...plain(leftGroupKind, member.name, spec), uid };
  };
  const idOf = (group: string, user?: string): string =>
    departureId(nodeDigests, `group:${group}`, user && aUser(user).uid);
  const told = (policy: Policy): Partial<CredentialsEntry> => {
    const { departures, groupsFrom } = policy.entry(grouped.uid, webhookKey) as CredentialsEntry;
    return { ...(departures && { departures }), ...(groupsFrom && { groupsFrom }) };
  };

  test('stands where bindings name groups, and touches nothing else', () => {
    const policy = load(webhook, grouped, issuer('k1'));
    expect(applied(policy, put(left('red', 'ada', 0)))).toEqual([`${grouped.uid} ${webhookKey}`]);
    expect(told(policy)).toEqual({
      departures: [{ id: idOf('red', 'ada'), before: noon / 1_000 + 10 }],
    });
    expect(entryOf(policy)).not.toHaveProperty('departures');
    expect(idOf('red', 'ada')).not.toBe(idOf('red'));
  });

  test('is nothing while nobody leaves: who joins is told nowhere, and who comes back is told once', () => {
    const member = aMember(aGroup('red'), aUser('ada'));
    const policy = load(webhook, grouped, issuer('k1'), aGroup('red'), aUser('ada'));
    expect(applied(policy, put(member))).toEqual([]);
    applied(policy, gone(member), put(left('red', 'ada', 0)));
    expect(told(policy).departures).toHaveLength(1);
    expect(applied(policy, put(member))).toEqual([`${grouped.uid} ${webhookKey}`]);
    expect(told(policy)).toEqual({});
    applied(policy, gone(member), put(left('red', 'ada', 5)));
    expect(told(policy).departures).toEqual([
      { id: idOf('red', 'ada'), before: noon / 1_000 + 310 },
    ]);
  });

  test('is forgotten an hour later, so that neither an entry nor the memory grows for ever', () => {
    const many = Array.from({ length: 1_500 }, (_, n) => left('red', `u${n}`, 0));
    const policy = load(webhook, grouped, issuer('k1'));
    applied(policy, ...many.map(put));
    applied(policy, put(left('blue', 'ada', 60)));
    expect(told(policy).departures).toHaveLength(1);
    applied(policy, ...many.slice(0, 1_000).map((_, n) => put(left('blue', `v${n}`, 61))));
    expect([...policy.names(leftGroupKind)]).toHaveLength(1_001);
  });

  test('is bounded: so many that they are told by group, and of so many groups that no group counts', () => {
    const of = (groups: number): PolicyPlain[] =>
      Array.from({ length: 1_501 }, (_, n) => left(`g${n % groups}`, `u${n}`, n / 100));
    expect(told(load(grouped, issuer('k1'), ...of(1_501).slice(1))).departures).toHaveLength(1_500);
    const byGroup = told(load(grouped, issuer('k1'), ...of(2))).departures;
    expect(byGroup?.map(({ id }) => id).sort()).toEqual([idOf('g0'), idOf('g1')].sort());
    expect(told(load(grouped, issuer('k1'), ...of(1_501)))).toEqual({
      groupsFrom: noon / 1_000 + 910,
    });
  });
});
