import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CredentialsEntry } from '@ambit/rbac';
import { nodeDigests } from '../../test/node-digests.ts';
import { aCluster, anIssuer, aPlain, gone, put } from '../../test/policy-builders.ts';
import { load, stateOf } from '../../test/policy-state.ts';
import type { PolicyChange, PolicyObject, PolicyPlain } from '../policy-objects.ts';
import { Policy } from './policy.ts';
import { endedSessionKind, webhookKey } from './token-kinds.ts';

const key = { kty: 'EC', crv: 'P-256', kid: 'k1', x: 'x', y: 'y' } as const;
const minute = 60_000;
const noon = 1_800_000_000_000;
const ended = (id: string, minutes: number): PolicyPlain =>
  aPlain(endedSessionKind, id, { endedAt: noon + minutes * minute });

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
    const policy = load(webhook, ...others, anIssuer('k1'), ended('s1', 0));
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
    expect(applied(policy, put(anIssuer('k1')))).toEqual(touched);
    expect(applied(policy, put(anIssuer('k1')))).toEqual([]);
    expect(applied(policy, put(anIssuer('k1', 'k2')))).toEqual(touched);
    expect(applied(policy, put(ended('s1', 0)))).toEqual(touched);
    expect(applied(policy, put(aPlain('Memo', 'm', {})))).toEqual([]);
    const { access: _, ...without } = webhook;
    expect(applied(policy, put(without))).toEqual(touched);
    expect(applied(policy, put(ended('s2', 1)))).toEqual([]);
    expect(applied(policy, put(webhook))).toEqual(touched);
    expect(entryOf(policy)?.endedSessions).toEqual(['s1', 's2']);
    expect(applied(policy, gone(anIssuer()))).toEqual(touched);
    expect(entryOf(policy)).toBeUndefined();
  });

  test('lists sessions of the hour before the last one that ended', () => {
    const policy = load(webhook, anIssuer('k1'), ended('old', 0));
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
    const all = entryOf(load(webhook, anIssuer('k1'), ...many.slice(1)));
    expect(all?.endedSessions).toHaveLength(2_000);
    expect(all?.issuedFrom).toBeUndefined();
    const entry = entryOf(load(webhook, anIssuer('k1'), ...many));
    expect(entry?.endedSessions).toHaveLength(2_000);
    expect(entry?.endedSessions).not.toContain('s0');
    // Whatever was issued for s0 was issued before it ended.
    expect(entry?.issuedFrom).toBeGreaterThan(noon / 1_000);
    expect(entry?.issuedFrom).toBeLessThanOrEqual(noon / 1_000 + 10);
  });

  test('asking what would be leaves no session behind', () => {
    const policy = load(webhook, anIssuer('k1'), ended('old', 0));
    const before = stateOf(policy);
    policy.whatIf([put(ended('new', 120)), put(anIssuer('k2'))], () => {
      expect(entryOf(policy)).toMatchObject({ endedSessions: ['new'], keys: [{ kid: 'k2' }] });
    });
    expect(stateOf(policy)).toEqual(before);
  });

  test('is the same for a replica that followed and one that was loaded, in any order', () => {
    const session = fc.record({ id: fc.nat(30), at: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(session, { maxLength: 30 }), fc.boolean(), (sessions, late) => {
        const ends = new Map(sessions.map(({ id, at }) => [id, ended(`s${id}`, at)]));
        const objects: PolicyObject[] = [webhook, anIssuer('k1'), ...ends.values()];
        const loaded = Policy.load(1, objects, nodeDigests);
        const followed = Policy.load(0, late ? [webhook] : [webhook, anIssuer('k1')], nodeDigests);
        for (const end of ends.values()) applied(followed, put(end));
        if (late) applied(followed, put(anIssuer('k1')));
        expect(entryOf(followed)).toEqual(entryOf(loaded));
      }),
    );
  });
});
