import { notFound } from '@ambit/kernel';
import { enterpriseSchema, groupShape, userShape } from './scim-schema.ts';
import type { Attribute, Attributes } from './scim-schema.ts';
import { listAnswer } from './scim-answer.ts';

const schemaOfSchemas = 'urn:ietf:params:scim:schemas:core:2.0:Schema';
const schemaOfTypes = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';
const schemaOfConfig = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';

/** Most resources of one page. */
export const mostOfPage = 1_000;

function serviceProviderConfig(base: string): object {
  const no = { supported: false };
  const yes = { supported: true };
  return {
    schemas: [schemaOfConfig],
    patch: yes,
    bulk: { ...no, maxOperations: 0, maxPayloadSize: 0 },
    filter: { ...yes, maxResults: mostOfPage },
    changePassword: no,
    sort: no,
    etag: yes,
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description:
          'A token of the ServiceIdentity that spec.directory of the IdentityProvider names.',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

const resourceTypes = (base: string): { readonly id: string }[] =>
  [userShape, groupShape].map(({ kind, schema, extensions }) => ({
    schemas: [schemaOfTypes],
    id: kind,
    name: kind,
    endpoint: `/${kind}s`,
    schema,
    schemaExtensions: Object.keys(extensions).map((urn) => ({ schema: urn, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${kind}` },
  }));

const schemas = (base: string): { readonly id: string }[] =>
  [
    [userShape.schema, 'User', userShape.attributes] as const,
    [enterpriseSchema, 'EnterpriseUser', userShape.extensions[enterpriseSchema] ?? {}] as const,
    [groupShape.schema, 'Group', groupShape.attributes] as const,
  ].map(([id, name, attributes]) => ({
    schemas: [schemaOfSchemas],
    id,
    name,
    attributes: described(attributes),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  }));

const described = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([name, attribute]) => describedOne(name, attribute));

function describedOne(name: string, attribute: Attribute): object {
  const { type, description, multiValued = false, required = false } = attribute;
  return {
    name,
    type,
    description,
    multiValued,
    required,
    mutability: attribute.readOnly === true ? 'readOnly' : 'readWrite',
    returned: 'default',
    ...(type === 'string' ? { caseExact: attribute.caseExact === true } : {}),
    uniqueness: attribute.unique === true ? 'server' : 'none',
    ...(attribute.sub === undefined ? {} : { subAttributes: described(attribute.sub) }),
  };
}

/** What this server can do; undefined for a path that is none of these. Throws `not_found`. */
export function discovery([type, id]: readonly string[], base: string): object | undefined {
  if (type === 'ServiceProviderConfig' && id === undefined) return serviceProviderConfig(base);
  const all =
    type === 'ResourceTypes' ? resourceTypes(base) : type === 'Schemas' ? schemas(base) : undefined;
  if (all === undefined) return undefined;
  if (id === undefined) return listAnswer({ total: all.length, items: all }, 1);
  const found = all.find((each) => each.id.toLowerCase() === id.toLowerCase());
  if (found === undefined) throw notFound(type ?? '', id);
  return found;
}
