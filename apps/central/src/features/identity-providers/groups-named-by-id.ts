import { claimsOfProvider } from '@ambit/contracts';
import type { ProviderTest } from '@ambit/contracts';
import { findGroupsByExternalId } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import type { IdentityPreview } from '../identities/public.ts';
import { findProvider } from './known-provider.ts';

type NamedById = NonNullable<NonNullable<ProviderTest['preview']>['namedById']>;

const mostLooked = 2_500;
const mostShown = 100;

/** Entra names groups by ids, which nobody can read. What they are called its directory says, where it syncs them here. */
export async function groupsNamedById(
  sql: Sql,
  { provider, claims }: Pick<IdentityPreview, 'provider' | 'claims'>,
): Promise<Readonly<NamedById>> {
  const found = await findProvider(sql, provider);
  const claim = found && claimsOfProvider(found.spec).groups;
  if (found === undefined || claim === undefined || !Object.hasOwn(claims, claim)) return [];
  const value = claims[claim];
  if (!Array.isArray(value)) return [];
  const ids = value.filter((each): each is string => typeof each === 'string');
  const groups = await findGroupsByExternalId(sql, found.uid, ids.slice(0, mostLooked));
  return groups.slice(0, mostShown).map(({ externalId = '', displayName, name }) => ({
    id: externalId,
    displayName,
    group: name,
  }));
}
