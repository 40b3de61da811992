import { instantMillis } from '@ambit/kernel';
import type { ErrorItem, Millis } from '@ambit/kernel';
import { findConditionStandings, findGrant, listGrants } from '@ambit/persistence';
import type { GrantRecord, Transaction } from '@ambit/persistence';
import { policyKind } from '../policy/public.ts';
import type { DocumentOf, Reference } from '../policy/public.ts';
import { conditionProblems, conditionStanding } from './condition-of-grant.ts';
import { auditGrant, auditGrantDeleted } from './grant-audit.ts';
import { grantFields, subjectOf } from './grant-fields.ts';
import { grantResponse } from './grant-response.ts';
import { GrantsInForce } from './grants-in-force.ts';
import { ownedScopeProblems } from './owned-scope.ts';

/** Who holds which role where, until when. */
export const grantKind = policyKind<'Grant', GrantRecord>({
  kind: 'Grant',
  references: referencesOf,
  problems: async (tx, document, now) => [
    ...(await endProblems(tx, document, now)),
    ...conditionProblems(document.spec),
  ],
  problemsTogether: ({ tx, names }, { spec }) => ownedScopeProblems(tx, grantFields(names, spec)),
  put: async ({ tx, names, source }, { spec }, meta) => {
    const fields = grantFields(names, spec);
    const put = await tx.grants.put({ ...meta, ...fields, source });
    auditGrant(tx, put);
    return put;
  },
  remove: async (tx, name, options) => {
    const record = await tx.grants.remove(name, options);
    auditGrantDeleted(tx, record);
    return { record };
  },
  reading: {
    find: findGrant,
    list: listGrants,
    answer: async (grants, parts) => {
      const standing = await new GrantsInForce(parts).of(grants);
      const now = parts.clock.now();
      const conditional = grants.filter(({ match }) => match !== undefined);
      const conditions = await findConditionStandings(
        parts.database,
        conditional.map(({ uid }) => uid),
      );
      return grants.map((grant) => {
        const met = conditions.find(({ grantUid }) => grantUid === grant.uid);
        const { policy } = parts.world;
        return grantResponse(grant, now, {
          ...standing(grant),
          ...conditionStanding(policy, grant, met),
        });
      });
    },
  },
});

async function endProblems(
  tx: Transaction,
  { metadata, spec }: DocumentOf<'Grant'>,
  now: Millis,
): Promise<Pick<ErrorItem, 'pointer' | 'message'>[]> {
  if (spec.until === undefined) return [];
  const until = instantMillis(spec.until);
  if (until > now) return [];
  // An end that is past is fine on a grant that has it already: applying the same file again changes nothing.
  const stored = await tx.grants.find(metadata.name);
  if (stored?.until === until) return [];
  return [{ pointer: '/spec/until', message: `the end ${spec.until} is already past` }];
}

function referencesOf({ spec }: DocumentOf<'Grant'>): readonly Reference[] {
  const { subjects, role, scope } = spec;
  return [
    ...subjects.map((subject, i): Reference => {
      const { kind, name, field } = subjectOf(subject);
      return { kind, name, pointer: `/spec/subjects/${i}/${field}` };
    }),
    { kind: 'Role', name: role, pointer: '/spec/role' },
    ...(scope.clusters.names ?? []).map((name, i): Reference => ({
      kind: 'Cluster',
      name,
      pointer: `/spec/scope/clusters/names/${i}`,
    })),
  ];
}
