import { EffectiveQuery, ExplainQuery, parseWith } from '@ambit/contracts';
import type { AccessEvidence, AccessPath, UnmanagedWay } from '@ambit/contracts';
import type { AccessHandlers } from '../../platform/grpc-api/api-call.ts';
import { given, pageQuery } from '../../platform/grpc-api/given.ts';
import { askerOf } from './asked-whom.ts';
import type { AnswerEffective } from './effective-access.ts';
import type { ExplainAccess } from './explain-access.ts';

interface Ports {
  readonly effective: Pick<AnswerEffective, 'of'>;
  readonly explain: Pick<ExplainAccess, 'of'>;
}

/** What of `AccessService` tells why. */
export function explanations({
  effective,
  explain,
}: Ports): Pick<AccessHandlers, 'ListEffectiveAccess' | 'ExplainAccess'> {
  return {
    ListEffectiveAccess: async (
      { user, service, team, scope, standing, at, ...page },
      { actor, ended },
    ) => {
      const query = {
        ...given({ user, service, team, scope, at, ...(standing ? { standing: 'true' } : {}) }),
        ...pageQuery(page),
      };
      const parsed = parseWith(EffectiveQuery, query, 'The request');
      const found = await effective.of(parsed, askerOf(actor, ended));
      return {
        ...found,
        rows: found.items.map(rowMessage),
        people: found.people ?? [],
        owns: found.owns ?? [],
        evidence: found.evidence.map(evidenceMessage),
        notes: found.notes ?? [],
        nextPageToken: found.continue ?? '',
      };
    },
    ExplainAccess: async ({ user, service, scope, at }, { actor, ended }) => {
      const query = given({ user, service, scope, at });
      const parsed = parseWith(ExplainQuery, query, 'The request');
      const found = await explain.of(parsed, askerOf(actor, ended));
      return {
        ...found,
        ways: found.ways.map(rowMessage),
        evidence: evidenceMessage(found.evidence),
        unmanaged: (found.unmanaged ?? []).map(unmanagedWayMessage),
      };
    },
  };
}

/** A row with its way apart. */
function rowMessage<T extends AccessPath>(
  row: T,
): Omit<T, keyof AccessPath> & { path: AccessPath } {
  const { grant, role, scope, reach, group, sources, team, match, until, hours, ...rest } = row;
  const path = {
    grant,
    role,
    scope,
    reach,
    group,
    sources,
    team,
    match,
    until,
    hours,
  } as AccessPath;
  return { ...rest, path };
}

/** What others bound. */
export const unmanagedWayMessage = ({ certain, ...way }: UnmanagedWay) => ({
  ...way,
  uncertain: !certain,
});

/** What an answer rests on. */
export const evidenceMessage = ({
  cluster,
  connected,
  ageSeconds,
  appliedRevision,
}: AccessEvidence) => ({
  cluster,
  connected,
  told: ageSeconds !== undefined,
  ageSeconds,
  appliedRevision,
});
