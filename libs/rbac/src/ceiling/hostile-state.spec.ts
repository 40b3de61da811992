import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { digests } from '../../test/digests.ts';
import { ceilingOf, intentOf, namespaceOf, owner } from '../../test/worlds.ts';
import { renderDesired } from '../desired/render-desired.ts';
import { covers } from '../evaluate/covers.ts';
import { isBinding } from '../is-binding.ts';
import type { BindingObject, RbacObject, RbacSubject, RoleObject } from '../model.ts';
import type { Ceiling } from './ceiling.ts';

function escapes(
  body: RbacObject,
  ceiling: Ceiling,
  roles: ReadonlySet<string>,
): string | undefined {
  return isBinding(body) ? bindingEscapes(body, ceiling, roles) : roleEscapes(body, ceiling);
}

function bindingEscapes(
  { kind, roleRef, subjects = [], metadata }: BindingObject,
  ceiling: Ceiling,
  roles: ReadonlySet<string>,
): string | undefined {
  const known = ceiling.allowedClusterRoles.includes(roleRef.name) || roles.has(roleRef.name);
  if (roleRef.kind !== 'ClusterRole' || !known) return `binds ${roleRef.kind} ${roleRef.name}`;
  if (kind === 'ClusterRoleBinding' && !ceiling.clusterScope) return 'is cluster-wide';
  const isProtected = ceiling.protectedNamespaces.includes(metadata.namespace ?? '');
  if (isProtected) return 'is in a protected namespace';
  const stranger = subjects.find((subject) => isStranger(subject, ceiling));
  return stranger && `binds ${stranger.kind} ${stranger.name}`;
}

function isStranger({ kind, namespace, name }: RbacSubject, ceiling: Ceiling): boolean {
  if (kind === 'ServiceAccount') {
    const isPerson = namespace === 'ambit-access' && /^[-a-z0-9]+-[a-z2-7]{16}$/.test(name);
    return !isPerson || !ceiling.credentials.includes('ServiceAccountToken');
  }
  const isOurs = ceiling.subjectPrefixes.some((prefix) => name.startsWith(prefix));
  return name.startsWith('system:') || !isOurs;
}

function roleEscapes({ rules, metadata }: RoleObject, ceiling: Ceiling): string | undefined {
  const labels = Object.keys(metadata.labels ?? {});
  if (labels.some((label) => label.includes('aggregate'))) return 'aggregates';
  if (rules?.some(({ verbs }) => verbs.includes('bind'))) return 'may bind';
  return covers(ceiling.customRoles.rules, rules).covered ? undefined : 'has too many rules';
}

describe('a hostile central', () => {
  test('case 32: nothing it signs becomes an object above the ceiling, and every refusal is told', () => {
    fc.assert(
      fc.property(
        fc.array(intentOf, { minLength: 1, maxLength: 8 }),
        fc.array(namespaceOf, { maxLength: 4 }),
        ceilingOf,
        (intents, namespaces, ceiling) => {
          const clock = { low: 15, high: 15 };
          const input = { ...owner, digests, ceiling, clock, intents, namespaces };
          const { objects, problems } = renderDesired(input);
          const bodies = Array.from(objects.values(), ({ body }) => body);
          const roles = new Set(
            bodies
              .filter((body) => body.kind === 'ClusterRole')
              .map(({ metadata }) => metadata.name),
          );
          const found = bodies.map((body) => escapes(body, ceiling, roles));
          expect(found.filter((escape) => escape !== undefined)).toEqual([]);
          const told = new Set(problems.map(({ key }) => key));
          for (const intent of new Map(intents.map((one) => [one.key, one])).values()) {
            if (intent.section !== 'BINDING' || !intent.subjects.includes('system:masters'))
              continue;
            const ended = intent.notAfter !== undefined && intent.notAfter <= 15;
            if (!ended) expect(told).toContain(intent.key);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
