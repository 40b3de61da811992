import { describe, expect, test } from '@jest/globals';
import type { Logger } from '@ambit/kernel';
import type { StateChange } from '@ambit/protocol';
import { defaultCeiling, departureId, type CredentialsEntry, type Intent } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import { verifyClusterToken } from './cluster-token.ts';
import {
  TestIssuer,
  atIssue,
  audience,
  goodClaims,
  issuer,
} from './cluster-tokens.test-support.ts';
import { HeldCredentials } from './held-credentials.ts';

const ours = new TestIssuer();
const next = new TestIssuer('key-2');
const key = 'CREDENTIALS/webhook';
const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};

const entry = (more: Partial<CredentialsEntry> = {}): CredentialsEntry => ({
  section: 'CREDENTIALS',
  key,
  issuer,
  audience,
  userPrefix: 'ambit:',
  keys: [ours.jwk],
  endedSessions: [],
  ...more,
});
const deny = (name: string): Intent => ({
  section: 'DENY',
  key: `DENY/${name}`,
  userUid: name,
  subject: `ambit:${name}`,
});

function change(
  mode: 'full' | 'delta',
  intents: readonly Intent[],
  { removed = [], skipped = [] }: { removed?: string[]; skipped?: string[] } = {},
): StateChange {
  const body = Buffer.alloc(0);
  const keys = [...intents.map((intent) => intent.key), ...skipped];
  const entries = keys.map((each) => ({ key: each, body }));
  return { mode, intents, removed, entries } as unknown as StateChange;
}

function held(): HeldCredentials {
  return new HeldCredentials(audience.replace('ambit:', ''), silent);
}

/** What becomes of a token, whatever the reason. */
function outcome(
  credentials: HeldCredentials,
  token = ours.token(),
  ceiling = defaultCeiling,
): string {
  const facts = credentials.facts(ceiling);
  if (facts === undefined) return 'nobody';
  const verified = verifyClusterToken(token, facts, atIssue);
  return verified.ok ? verified.user.username : verified.reason;
}

describe('what tokens are judged by', () => {
  test('lets in nobody before there is a state, and nobody by a state without credentials', () => {
    const credentials = held();
    expect(outcome(credentials)).toBe('nobody');
    credentials.accept(change('full', [deny('bob')]));
    expect(outcome(credentials)).toBe('nobody');
  });

  test('follows the state: keys, ended sessions, people who lost everything', () => {
    const credentials = held();
    credentials.accept(change('full', [entry()]));
    expect(outcome(credentials)).toBe('ambit:ada');
    expect(outcome(credentials, next.token())).toBe('unknown_key');
    credentials.accept(change('delta', [deny('ada')]));
    expect(outcome(credentials)).toBe('denied');
    credentials.accept(change('delta', [], { removed: ['DENY/ada'] }));
    expect(outcome(credentials)).toBe('ambit:ada');
    credentials.accept(change('delta', [entry({ endedSessions: [goodClaims.sid] })]));
    expect(outcome(credentials)).toBe('session_ended');
    credentials.accept(change('delta', [entry({ keys: [next.jwk] })]));
    expect(outcome(credentials)).toBe('unknown_key');
    expect(outcome(credentials, next.token())).toBe('ambit:ada');
    credentials.accept(change('delta', [entry({ issuedFrom: goodClaims.iat + 1 })]));
    expect(outcome(credentials)).toBe('session_ended');
  });

  test('ends with its entry: removed, missing in a whole state, or of a version that is not understood', () => {
    const gone = [
      change('delta', [], { removed: [key] }),
      change('full', []),
      change('delta', [], { skipped: [key] }),
    ];
    for (const last of gone) {
      const credentials = held();
      credentials.accept(change('full', [entry()]));
      credentials.accept(last);
      expect(outcome(credentials)).toBe('nobody');
    }
  });

  test('a whole state forgets who was denied before it', () => {
    const credentials = held();
    credentials.accept(change('full', [entry(), deny('ada')]));
    credentials.accept(change('full', [entry()]));
    expect(outcome(credentials)).toBe('ambit:ada');
  });

  test('a signed revocation of a person counts until the state has it, one of a single grant does not', () => {
    const credentials = held();
    credentials.accept(change('full', [entry()]));
    credentials.mask([{ key: 'BINDING/1', subject: 'ambit:ada' }]);
    expect(outcome(credentials)).toBe('ambit:ada');
    credentials.mask([{ key: '', subject: 'ambit:ada' }]);
    expect(outcome(credentials)).toBe('denied');
    credentials.accept(change('delta', []));
    expect(outcome(credentials)).toBe('denied');
    credentials.mask([]);
    expect(outcome(credentials)).toBe('ambit:ada');
  });

  test('of a state that the disk does not hold only what it takes away counts', () => {
    const credentials = held();
    credentials.acceptRemovals(change('full', [entry()]));
    expect(outcome(credentials)).toBe('nobody');
    credentials.accept(change('full', [entry({ endedSessions: ['gone'] })]));
    credentials.acceptRemovals(
      change('delta', [
        entry({ keys: [ours.jwk, next.jwk], endedSessions: ['later'] }),
        deny('bob'),
      ]),
    );
    expect(outcome(credentials)).toBe('ambit:ada');
    expect(outcome(credentials, next.token())).toBe('unknown_key');
    for (const sid of ['gone', 'later']) {
      expect(outcome(credentials, ours.with({ sid }))).toBe('session_ended');
    }
    expect(outcome(credentials, ours.with({ name: 'ambit:bob' }))).toBe('denied');
    // The same kid with another key is another key.
    const swapped = new TestIssuer(ours.kid);
    credentials.acceptRemovals(change('delta', [entry({ keys: [swapped.jwk] })]));
    expect(outcome(credentials, swapped.token())).toBe('unknown_key');
    credentials.acceptRemovals(change('delta', [], { removed: [key] }));
    expect(outcome(credentials)).toBe('nobody');
  });

  test('groups that people left follow the state, and of one that the disk does not hold both count', () => {
    const credentials = held();
    const before = goodClaims.iat + 1;
    const left = (...names: string[]) =>
      names.map((name) => ({
        id: departureId(nodeDigests, `group:${name}`, goodClaims.sub),
        before,
      }));
    const token = ours.with({ groups: ['a', 'b', 'c'].map((name) => `ambit:group:${name}`) });
    const groups = (): readonly string[] => {
      const facts = credentials.facts(defaultCeiling);
      const verified = facts && verifyClusterToken(token, facts, atIssue);
      return verified?.ok === true ? verified.user.groups.map((name) => name.slice(-1)) : [];
    };
    credentials.accept(change('full', [entry({ departures: left('a') })]));
    expect(groups()).toEqual(['b', 'c']);
    credentials.acceptRemovals(change('delta', [entry({ departures: left('b') })]));
    expect(groups()).toEqual(['c']);
    credentials.accept(change('delta', [entry()]));
    expect(groups()).toEqual(['a', 'b', 'c']);
    credentials.accept(change('delta', [entry({ groupsFrom: before })]));
    credentials.acceptRemovals(change('delta', [entry()]));
    expect(groups()).toEqual([]);
  });

  test('is never that of another cluster, and a key that is none spoils no other', () => {
    const credentials = held();
    credentials.accept(change('full', [entry({ audience: 'ambit:other' })]));
    expect(outcome(credentials, ours.with({ aud: 'ambit:other' }))).toBe('nobody');
    const broken = { ...next.jwk, x: 'AA' };
    credentials.accept(change('full', [entry({ keys: [broken, ours.jwk] })]));
    expect(outcome(credentials)).toBe('ambit:ada');
    expect(outcome(credentials, next.token())).toBe('unknown_key');
  });

  test('the owner of the cluster says which names come in', () => {
    const credentials = held();
    credentials.accept(change('full', [entry()]));
    const ceiling = { ...defaultCeiling, subjectPrefixes: ['people:'] };
    expect(outcome(credentials, ours.token(), ceiling)).toBe('beyond_ceiling');
  });
});

test('whoever lost everything, by the state or ahead of it, and whose session ended gets no credential made', () => {
  const credentials = held();
  const refused = (name: string, session = 'running'): boolean =>
    credentials.refusalOf(`ambit:${name}`, session) !== undefined;
  expect(refused('ada')).toBe(false);
  credentials.accept(change('full', [entry({ endedSessions: ['over'] }), deny('eve')]));
  credentials.mask([{ key: '', subject: 'ambit:bob' }]);
  expect(['ada', 'eve', 'bob'].map((name) => refused(name))).toEqual([false, true, true]);
  expect(refused('ada', 'over')).toBe(true);
  // Where tokens are no matter, the state says nothing of sessions, and people are denied all the same.
  credentials.accept(change('full', [deny('eve')]));
  expect([refused('eve'), refused('ada', 'over')]).toEqual([true, false]);
});
