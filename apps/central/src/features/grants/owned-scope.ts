import { ownedByPrefix } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { KnownNames, PutGrant, Transaction } from '@ambit/persistence';
import type { DocumentOf } from '../policy/public.ts';
import { grantFields } from './grant-fields.ts';

type OwnedGrantFields = Pick<PutGrant, 'subjects' | 'scope'>;

/** What keeps a grant from meaning the namespaces that its teams own, where all that it names is known already. */
export async function ownedScopeProblems(
  tx: Transaction,
  { spec }: DocumentOf<'Grant'>,
): Promise<Pick<ErrorItem, 'pointer' | 'message'>[]> {
  if (spec.scope.namespaces?.owned === undefined) return [];
  const teams = spec.subjects.flatMap(({ team }) => team ?? []);
  const clusters = spec.scope.clusters.names ?? [];
  const known = await tx.names.find({ Team: teams, Cluster: clusters, Role: [spec.role] });
  if (!areKnown(known, { Team: teams, Cluster: clusters, Role: [spec.role] })) return [];
  const message = await ownedByPrefixOnly(tx, grantFields(known, spec));
  return message === undefined ? [] : [{ pointer: '/spec/scope/namespaces/owned', message }];
}

/** Documents that are applied together were looked at one by one. Throws `invalid_policy`. */
export async function refuseOwnedByPrefix(
  tx: Transaction,
  name: string,
  fields: OwnedGrantFields,
): Promise<void> {
  if (fields.scope.namespaces.type !== 'owned') return;
  const message = await ownedByPrefixOnly(tx, fields);
  if (message !== undefined) throw new AppError('invalid_policy', `Grant ${name}: ${message}.`);
}

const areKnown = (
  known: KnownNames,
  wanted: Readonly<Record<string, readonly string[]>>,
): boolean =>
  Object.entries(wanted).every(([kind, names]) =>
    names.every((name) => known.uid(kind, name) !== undefined),
  );

async function ownedByPrefixOnly(
  tx: Transaction,
  { subjects, scope }: OwnedGrantFields,
): Promise<string | undefined> {
  const teams = await tx.teams.owning(subjects.map(({ uid }) => uid));
  for (const { name, owns } of teams) {
    const [pattern] = ownedByPrefix(owns, scope.clusters);
    if (pattern !== undefined)
      return `Team ${name} owns ${pattern}, and which namespaces begin so is known in the cluster alone; "owned" means those that a team names: name them in the team, or here`;
  }
  return undefined;
}
