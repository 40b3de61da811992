import { ownedByPrefix } from '@ambit/domain';
import type { ErrorItem } from '@ambit/kernel';
import type { PutGrant, Transaction } from '@ambit/persistence';

type OwnedGrantFields = Pick<PutGrant, 'subjects' | 'scope'>;

/** What keeps a grant from meaning the namespaces that its teams own. */
export async function ownedScopeProblems(
  tx: Transaction,
  fields: OwnedGrantFields,
): Promise<Pick<ErrorItem, 'pointer' | 'message'>[]> {
  if (fields.scope.namespaces.type !== 'owned') return [];
  const message = await ownedByPrefixOnly(tx, fields);
  return message === undefined ? [] : [{ pointer: '/spec/scope/namespaces/owned', message }];
}

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
