import type { SaidUser } from '../said-user.ts';
import { textAt } from './read-resource.ts';
import type { Resource } from './read-resource.ts';

/** What a resource of SCIM says of a person. */
export function saidOf({ active, ...resource }: Resource): SaidUser {
  const { userName: _name, externalId: _id, ...attributes } = resource;
  const externalId = textAt(resource, 'externalId');
  return {
    userName: textAt(resource, 'userName'),
    ...(externalId === '' ? {} : { externalId }),
    ...(active === undefined ? {} : { active: active === true }),
    attributes,
  };
}

/** What was said of a person as a resource of SCIM. */
export const resourceOf = ({ attributes, userName, externalId, active }: SaidUser): Resource => ({
  ...attributes,
  ...(active === undefined ? {} : { active }),
  userName,
  ...(externalId === undefined ? {} : { externalId }),
});
