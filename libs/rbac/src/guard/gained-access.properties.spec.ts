import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { allows } from '../evaluate/allows.ts';
import type { BindingIntent, Intent, IntentScope, RoleIntent, RoleReference } from '../intents.ts';
import { gainedAccess, joinedGains, withoutGains } from './gained-access.ts';
import type { GainedAccess } from './gained-access.ts';

/*
 * The oracle knows nothing of windows, parts and bounds: it asks at each moment, of each place, each subject and each
 * verb, whether a state gives it.
 */
const moments = [0, 10, 15, 20, 25, 30, 35, 1_000];
const verbs = ['get', 'list', 'create'] as const;
const scopes: readonly IntentScope[] = [
  { type: 'clusterWide' },
  { type: 'namespaces', names: ['payments'] },
  { type: 'namespaces', names: ['shop'] },
  { type: 'namespaces', names: ['payments', 'shop'] },
  {
    type: 'selector',
    selector: { requirements: [{ key: 'env', operator: 'In', values: ['prod'] }] },
  },
];
const roles: readonly RoleReference[] = [
  { type: 'existing', clusterRole: 'view' },
  { type: 'existing', clusterRole: 'edit' },
  { type: 'ours', roleUid: 'r' },
  { type: 'ours', roleUid: 's' },
];

const arbRole = (uid: string): fc.Arbitrary<RoleIntent> =>
  fc.subarray([...verbs]).map((each) => ({
    section: 'ROLE',
    key: `ROLE/${uid}`,
    uid,
    name: uid,
    rules: each.map((verb) => ({ apiGroups: [''], resources: ['pods'], verbs: [verb] })),
  }));
const arbTime = fc.option(fc.constantFrom(10, 20, 30), { nil: undefined });
const arbBinding = fc.record({
  role: fc.constantFrom(...roles),
  scope: fc.constantFrom(...scopes),
  subjectKind: fc.constantFrom('Users' as const, 'Groups' as const),
  subjects: fc.subarray(['ada', 'ben'], { minLength: 1 }),
  notBefore: arbTime,
  notAfter: arbTime,
});
interface Window {
  readonly notBefore?: number | undefined;
  readonly notAfter?: number | undefined;
}
type Given = Pick<BindingIntent, 'role' | 'scope' | 'subjectKind' | 'subjects'> & Window;

const asBinding = ({ notBefore, notAfter, ...rest }: Given, index: number): BindingIntent => ({
  section: 'BINDING',
  key: `BINDING/${index}`,
  shard: '',
  grants: [],
  ...rest,
  ...(notBefore === undefined ? {} : { notBefore }),
  ...(notAfter === undefined ? {} : { notAfter }),
});
const arbState: fc.Arbitrary<Intent[]> = fc
  .tuple(
    fc.option(arbRole('r'), { nil: undefined }),
    fc.option(arbRole('s'), { nil: undefined }),
    fc.array(arbBinding, { maxLength: 4 }),
  )
  .map(([r, s, bindings]) => [r, s, ...bindings.map(asBinding)].filter((one) => one !== undefined));

function* placesOf(scope: IntentScope): Generator<string> {
  if (scope.type === 'namespaces') yield* scope.names;
  else yield JSON.stringify(scope);
}

/** `MOMENT KIND SUBJECT ROLE PLACE VERB` of all that a state gives; of an existing role, the verb is `*`. */
function access(intents: readonly Intent[]): Set<string> {
  const rules = new Map(
    intents.flatMap((one) => (one.section === 'ROLE' ? [[one.uid, one.rules] as const] : [])),
  );
  const verbsOf = (role: RoleReference): readonly string[] => {
    if (role.type === 'existing') return ['*'];
    const attributes = { type: 'resource', apiGroup: '', resource: 'pods' } as const;
    return verbs.filter((verb) => allows(rules.get(role.roleUid), { ...attributes, verb }));
  };
  const textsOf = (one: BindingIntent): string[] => {
    const name = one.role.type === 'existing' ? one.role.clusterRole : one.role.roleUid;
    const { notBefore = 0, notAfter = Infinity } = one;
    const places = [...placesOf(one.scope)];
    return moments
      .filter((moment) => notBefore <= moment && moment < notAfter)
      .flatMap((at) => one.subjects.map((subject) => `${at} ${one.subjectKind} ${subject} ${name}`))
      .flatMap((text) => places.map((place) => `${text} ${place}`))
      .flatMap((text) => verbsOf(one.role).map((verb) => `${text} ${verb}`));
  };
  return new Set(intents.flatMap((one) => (one.section === 'BINDING' ? textsOf(one) : [])));
}

const givenOf = (after: readonly Intent[], gained: GainedAccess): Intent[] =>
  after.flatMap((intent) => [...withoutGains(intent, gained).given]);
const beyond = (these: ReadonlySet<string>, those: ReadonlySet<string>): string[] =>
  [...these].filter((one) => !those.has(one));

describe('while gains are held', () => {
  test('nothing is given that not both states give', () => {
    fc.assert(
      fc.property(arbState, arbState, (before, after) => {
        const given = access(givenOf(after, gainedAccess(before, after)));
        expect(beyond(given, access(before))).toEqual([]);
        expect(beyond(given, access(after))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('what both give stays, when it began no later before and each has one binding for it', () => {
    const arbOne = fc.record({
      role: fc.constantFrom(...roles),
      scope: fc.constantFrom(...scopes.slice(0, 3)),
      subjectKind: fc.constantFrom('Users' as const, 'Groups' as const),
      subjects: fc.constantFrom(['ada'], ['ben']),
    });
    const identity = (one: object): string => JSON.stringify(one);
    const arbPlaces = fc.uniqueArray(arbOne, { maxLength: 5, selector: identity });
    const arbWindows = fc.array(
      fc.record({ before: arbTime, after: arbTime, kept: fc.boolean() }),
      {
        minLength: 5,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(
        arbPlaces,
        arbWindows,
        arbRole('r'),
        arbRole('r'),
        (places, windows, old, now) => {
          const at = (side: 'before' | 'after'): Intent[] => [
            side === 'before' ? old : now,
            ...places.flatMap((place, index) => {
              const window = windows[index];
              if (side === 'before' && window?.kept === false) return [];
              return [asBinding({ ...place, notAfter: window?.[side] }, index)];
            }),
          ];
          const [before, after] = [at('before'), at('after')];
          const given = access(givenOf(after, gainedAccess(before, after)));
          const both = [...access(after)].filter((one) => access(before).has(one));
          expect([...given].sort()).toEqual(both.sort());
        },
      ),
      { numRuns: 400 },
    );
  });

  test('a state that gives nothing more is given as it is, and each thing held is counted', () => {
    fc.assert(
      fc.property(arbState, arbState, (before, after) => {
        const same = gainedAccess(after, after);
        for (const intent of after)
          expect(withoutGains(intent, same)).toEqual({ given: [intent], held: [] });
        const gained = gainedAccess(before, after);
        for (const intent of after) {
          const { given, held } = withoutGains(intent, gained);
          expect(held.length > 0).toBe(given.length !== 1 || given[0] !== intent);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('of two steps, one after the other, nothing is given that the first state did not give', () => {
    fc.assert(
      fc.property(arbState, arbState, arbState, (first, second, third) => {
        const [one, two] = [gainedAccess(first, second), gainedAccess(second, third)];
        const given = access(givenOf(third, joinedGains(one, two)));
        expect(beyond(given, access(first))).toEqual([]);
        const alone = access(givenOf(third, two));
        expect(beyond(given, alone)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });
});
