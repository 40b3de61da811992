import { describe, expect, test } from '@jest/globals';
import { isAppError } from '@ambit/kernel';
import fc from 'fast-check';
import type { Actor } from '../../platform/actor.ts';
import type { PolicyWorld } from '../desired-state/public.ts';
import { directoryCaller } from './directory-caller.ts';

const providers = ['corp', 'other'];
const services = ['corp-scim', 'other-scim', 'robot'];
const roles = ['admin', 'operator', 'auditor', 'directory'];
/** `AMBIT_TEST_SEQUENCES=100000` runs more of them. */
const numRuns = Number(process.env['AMBIT_TEST_SEQUENCES'] ?? 1_000);

/** Which service speaks for which provider, by provider. */
function worldOf(speaks: ReadonlyMap<string, string>): PolicyWorld {
  const policy = {
    names: () => [...speaks.keys()],
    byName: (_kind: string, name: string) => ({
      kind: 'Plain',
      uid: `uid-${name}`,
      spec: { directory: { service: speaks.get(name) } },
    }),
  };
  return { policy } as unknown as PolicyWorld;
}

type Step =
  | { readonly do: 'point'; readonly provider: string; readonly service: string }
  | { readonly do: 'unpoint'; readonly provider: string }
  | { readonly do: 'delegate' | 'undelegate'; readonly service: string; readonly role: string }
  | { readonly do: 'call'; readonly actor: 'service' | 'user' | 'token'; readonly name: string };
const service = fc.constantFrom(...services);
const provider = fc.constantFrom(...providers);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('point' as const), provider, service }),
  fc.record({ do: fc.constant('unpoint' as const), provider }),
  fc.record({
    do: fc.constantFrom('delegate' as const, 'undelegate' as const),
    service,
    role: fc.constantFrom(...roles),
  }),
  fc.record({
    do: fc.constant('call' as const),
    actor: fc.constantFrom(
      'service' as const,
      'service' as const,
      'user' as const,
      'token' as const,
    ),
    name: service,
  }),
);

describe('who speaks for a directory', () => {
  test('in whatever order providers and Delegations change: who is named and may write people and groups, and nobody else', () => {
    const seen = { let: 0, refused: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 8, maxLength: 24 }), (steps) => {
        const speaks = new Map<string, string>();
        const held = new Map<string, Set<string>>();
        for (const each of steps) {
          if (each.do !== 'call') {
            change(speaks, held, each);
            continue;
          }
          const own = held.get(each.name) ?? new Set();
          const named = [...speaks].filter(([, of]) => of === each.name).map(([name]) => name);
          const mayWrite = own.has('directory') || own.has('admin');
          const may = each.actor === 'service' && named.length > 0 && mayWrite;
          const asked = called(worldOf(speaks), each, [...own]);
          expect([each, asked === undefined]).toEqual([each, !may]);
          if (may) expect(named).toContain(asked);
          seen[may ? 'let' : 'refused']++;
        }
      }),
      { numRuns },
    );
    expect(seen.let).toBeGreaterThan(numRuns / 50);
    expect(seen.refused).toBeGreaterThan(numRuns / 10);
  });
});

function change(
  speaks: Map<string, string>,
  held: Map<string, Set<string>>,
  step: Exclude<Step, { readonly do: 'call' }>,
): void {
  if (step.do === 'point') speaks.set(step.provider, step.service);
  else if (step.do === 'unpoint') speaks.delete(step.provider);
  else if (step.do === 'undelegate') held.get(step.service)?.delete(step.role);
  else held.set(step.service, (held.get(step.service) ?? new Set()).add(step.role));
}

/** The directory that is spoken for; undefined when the call is refused. */
function called(
  world: PolicyWorld,
  { actor, name }: Extract<Step, { readonly do: 'call' }>,
  own: readonly string[],
): string | undefined {
  const principal =
    actor === 'token'
      ? { kind: 'token', name, role: 'admin' }
      : { kind: actor, name, uid: name, roles: own };
  try {
    return directoryCaller(
      world,
      { principal, credential: { id: 'x' } } as unknown as Actor,
      'request',
    ).directory.name;
  } catch (error) {
    if (!isAppError(error, 'permission_denied')) throw error;
    return undefined;
  }
}
