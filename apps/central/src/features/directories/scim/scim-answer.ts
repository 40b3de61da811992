import type {
  DirectoryGroup,
  DirectoryMember,
  DirectoryPage,
  DirectoryUser,
} from '@ambit/persistence';
import { attributeNamed, enterpriseSchema, groupShape, userShape } from './scim-schema.ts';
import type { ResourceShape } from './scim-schema.ts';
import { badRequest } from './scim-error.ts';

const listSchema = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** Which attributes a caller wants to see. */
export interface Shown {
  has(attribute: string): boolean;
}

/** A page as SCIM writes it; `startIndex` counts from 1. */
export const listAnswer = (
  { total, items }: DirectoryPage<object>,
  startIndex: number,
): object => ({
  schemas: [listSchema],
  totalResults: total,
  startIndex,
  itemsPerPage: items.length,
  Resources: items,
});

export const etagOf = ({ version }: { readonly version: number }): string => `W/"${version}"`;

/** Always shown, whatever is asked for. */
const always = new Set(['id', 'schemas', 'meta']);

/** By `attributes` and `excludedAttributes` of a query. Throws `invalid_request` when both are given. */
export function shownBy(query: URLSearchParams, shape: ResourceShape): Shown {
  const [only, without] = [query.get('attributes'), query.get('excludedAttributes')];
  if (only && without)
    throw badRequest('invalidValue', 'A query has attributes or excludedAttributes, not both.');
  const named = (text: string): Set<string> =>
    new Set(
      text
        .split(',')
        .slice(0, 100)
        .map((name) => topName(name.trim(), shape)),
    );
  if (only) {
    const names = named(only);
    return { has: (name) => always.has(name) || names.has(name) };
  }
  const names = named(without ?? '');
  return { has: (name) => always.has(name) || !names.has(name) };
}

/** The attribute at the top of a resource that a path lies in. */
function topName(path: string, { schema, attributes, extensions }: ResourceShape): string {
  const lower = path.toLowerCase();
  const extension = Object.keys(extensions).find((urn) => lower.startsWith(urn.toLowerCase()));
  if (extension !== undefined) return extension;
  const prefix = `${schema.toLowerCase()}:`;
  const bare = lower.startsWith(prefix) ? path.slice(prefix.length) : path;
  const [first = ''] = bare.split('.');
  return attributeNamed(attributes, first)?.[0] ?? first;
}

interface Where {
  readonly base: string;
  readonly shown: Shown;
}

/** A person as the directory reads them back: what it said, and whether they have access. */
export function userAnswer(user: DirectoryUser, where: Where): object {
  const { userName, externalId, active, attributes } = user;
  const extended = Object.hasOwn(attributes, enterpriseSchema) ? [enterpriseSchema] : [];
  return only(where.shown, {
    schemas: [userShape.schema, ...extended],
    id: user.uid,
    ...attributes,
    ...(externalId === undefined ? {} : { externalId }),
    userName,
    active,
    meta: metaOf('User', user, where),
  });
}

export function groupAnswer(
  group: DirectoryGroup,
  members: readonly DirectoryMember[] | undefined,
  where: Where,
): object {
  const { displayName, externalId } = group;
  return only(where.shown, {
    schemas: [groupShape.schema],
    id: group.uid,
    ...(externalId === undefined ? {} : { externalId }),
    displayName,
    ...(members === undefined
      ? {}
      : { members: members.map(({ uid, name }) => ({ value: uid, display: name, type: 'User' })) }),
    meta: metaOf('Group', group, where),
  });
}

function metaOf(
  resourceType: 'User' | 'Group',
  object: DirectoryUser | DirectoryGroup,
  { base }: Where,
): object {
  return {
    resourceType,
    created: new Date(object.createdAt).toISOString(),
    lastModified: new Date(object.changedAt).toISOString(),
    location: `${base}/${resourceType}s/${object.uid}`,
    version: etagOf(object),
  };
}

const only = (shown: Shown, resource: object): object =>
  Object.fromEntries(Object.entries(resource).filter(([name]) => shown.has(name)));
