import { defined } from '@ambit/kernel';
import type { DirectoryAttributes, DirectoryUser } from '@ambit/persistence';
import { userNameOf } from './directory-names.ts';

/** What a directory says of a person, whichever way in says so. */
export interface SaidUser {
  readonly userName: string;
  readonly externalId?: string;
  /** Absent: as it was said before, and active for somebody new. */
  readonly active?: boolean;
  /** By the names of SCIM, which are what is kept. */
  readonly attributes: DirectoryAttributes;
}

/** It with the name that the User gets in Ambit. */
export type NamedUser = SaidUser & { readonly name: string; readonly active: boolean };

/** What the directory said last. */
export function lastSaid({ userName, externalId, attributes }: DirectoryUser): SaidUser {
  const { active, ...others } = attributes;
  return {
    userName,
    ...defined({ externalId }),
    ...(typeof active === 'boolean' ? { active } : {}),
    attributes: others,
  };
}

/** `before`: what was said last of the same person. Throws `invalid_request` for a name that no User can have. */
export function namedUser(said: SaidUser, before?: SaidUser): NamedUser {
  const { userName, externalId, attributes, active = before?.active ?? true } = said;
  return {
    name: userNameOf(userName),
    userName,
    ...defined({ externalId }),
    active,
    attributes,
  };
}
