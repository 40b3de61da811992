import { rbacApiGroup } from '@ambit/rbac';
import type { PolicyRule, RbacSubject, RoleRef } from '@ambit/rbac';
import type { ApiMeta, ApiObject } from './api-object.ts';
import { apiVersionOf, clusterRoles, roles } from './served-resources.ts';
import type { ServedResource } from './served-resources.ts';
import { badRequest } from './status-error.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What Kubernetes makes of a JSON value for a kind: unknown members dropped, defaults filled in, empty lists and maps
 * left out. Throws 400 when a member has the wrong type or the value is of another kind.
 */
export function decodeObject(resource: ServedResource, value: unknown): ApiObject {
  if (!isFields(value))
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  const apiVersion = apiVersionOf(resource);
  checkKind(value, resource, apiVersion);
  const object: Record<string, unknown> = {
    kind: resource.kind,
    apiVersion,
    metadata: decodeMeta(fieldsOf(value, 'metadata')),
  };
  for (const field of resource.fields) {
    const member = decodeField(field, value);
    if (member !== undefined) object[field] = member;
  }
  if (resource === clusterRoles || resource === roles) object['rules'] ??= null;
  return object as unknown as ApiObject;
}

function checkKind(value: Fields, resource: ServedResource, apiVersion: string): void {
  const kind = value['kind'] ?? resource.kind;
  const version = value['apiVersion'] ?? apiVersion;
  if (kind === resource.kind && version === apiVersion) return;
  throw badRequest(
    `${JSON.stringify(kind)} in version ${JSON.stringify(version)} cannot be handled as a ${resource.kind}`,
  );
}

function decodeMeta(meta: Fields): ApiMeta {
  const finalizers = texts(meta, 'finalizers');
  const owners = list(meta, 'ownerReferences');
  return withoutHoles({
    name: text(meta, 'name') ?? '',
    generateName: text(meta, 'generateName'),
    namespace: text(meta, 'namespace'),
    uid: text(meta, 'uid'),
    resourceVersion: text(meta, 'resourceVersion'),
    creationTimestamp: text(meta, 'creationTimestamp'),
    deletionTimestamp: text(meta, 'deletionTimestamp'),
    deletionGracePeriodSeconds: meta['deletionGracePeriodSeconds'] as number | undefined,
    labels: textMap(meta, 'labels'),
    annotations: textMap(meta, 'annotations'),
    ownerReferences: owners as ApiMeta['ownerReferences'],
    finalizers,
    managedFields: list(meta, 'managedFields') as ApiMeta['managedFields'],
  }) as unknown as ApiMeta;
}

function decodeField(field: keyof ApiObject, value: Fields): unknown {
  switch (field) {
    case 'rules':
      return list(value, 'rules')?.map(decodeRule);
    case 'subjects':
      return list(value, 'subjects')?.map(decodeSubject);
    case 'roleRef':
      return value[field] === undefined ? undefined : decodeRoleRef(fieldsOf(value, field));
    case 'aggregationRule': {
      const rule = value[field];
      if (rule === undefined || rule === null) return undefined;
      return withoutHoles({
        clusterRoleSelectors: list(fieldsOf(value, field), 'clusterRoleSelectors'),
      });
    }
    default:
      return value[field] ?? undefined;
  }
}

function decodeRule(value: unknown): PolicyRule {
  const rule = asFields(value, 'rules');
  return withoutHoles({
    verbs: texts(rule, 'verbs') ?? [],
    apiGroups: texts(rule, 'apiGroups'),
    resources: texts(rule, 'resources'),
    resourceNames: texts(rule, 'resourceNames'),
    nonResourceURLs: texts(rule, 'nonResourceURLs'),
  }) as unknown as PolicyRule;
}

function decodeSubject(value: unknown): RbacSubject {
  const subject = asFields(value, 'subjects');
  const kind = text(subject, 'kind') ?? '';
  const isPerson = kind === 'User' || kind === 'Group';
  return withoutHoles({
    kind,
    apiGroup: text(subject, 'apiGroup') || (isPerson ? rbacApiGroup : undefined),
    name: text(subject, 'name') ?? '',
    namespace: text(subject, 'namespace') || undefined,
  }) as unknown as RbacSubject;
}

function decodeRoleRef(ref: Fields): RoleRef {
  return {
    apiGroup: text(ref, 'apiGroup') || rbacApiGroup,
    kind: (text(ref, 'kind') ?? '') as RoleRef['kind'],
    name: text(ref, 'name') ?? '',
  };
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name] ?? undefined;
  if (value !== undefined && typeof value !== 'string') throw wrongType(name, 'string');
  return value;
}

function texts(fields: Fields, name: string): string[] | undefined {
  const values = list(fields, name);
  if (values?.some((value) => typeof value !== 'string') === true) throw wrongType(name, 'string');
  return values as string[] | undefined;
}

function list(fields: Fields, name: string): unknown[] | undefined {
  const value = fields[name] ?? undefined;
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw wrongType(name, 'list');
  return value.length === 0 ? undefined : value;
}

function textMap(fields: Fields, name: string): Record<string, string> | undefined {
  const map = fieldsOf(fields, name);
  const entries = Object.entries(map).map(([key, value]) => [key, value ?? '']);
  if (entries.some(([, value]) => typeof value !== 'string')) throw wrongType(name, 'string');
  return entries.length === 0 ? undefined : (Object.fromEntries(entries) as Record<string, string>);
}

function fieldsOf(fields: Fields, name: string): Fields {
  return asFields(fields[name] ?? {}, name);
}

function asFields(value: unknown, name: string): Fields {
  if (!isFields(value)) throw wrongType(name, 'object');
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrongType(name: string, type: string): Error {
  return badRequest(`json: cannot unmarshal into field ${name} of type ${type}`);
}

function withoutHoles(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
