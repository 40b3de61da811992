import type { ServedResource } from './served-resources.ts';
import { badRequest } from './status-error.ts';

const metaFields = [
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
];
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  rules: ['verbs', 'apiGroups', 'resources', 'resourceNames', 'nonResourceURLs'],
  subjects: ['kind', 'apiGroup', 'name', 'namespace'],
  roleRef: ['apiGroup', 'kind', 'name'],
};

/** `fieldValidation=Strict`: throws 400 that names every member nobody knows, instead of dropping it. */
export function refuseUnknownFields(resource: ServedResource, sent: unknown): void {
  const unknown = [
    ...others(sent, ['kind', 'apiVersion', 'metadata', ...resource.fields], ''),
    ...others(member(sent, 'metadata'), metaFields, 'metadata.'),
    ...Object.entries(fieldsOf).flatMap(([field, known]) => {
      const value = member(sent, field);
      if (!Array.isArray(value)) return others(value, known, `${field}.`);
      return value.flatMap((item, index) => others(item, known, `${field}[${index}].`));
    }),
  ];
  if (unknown.length === 0) return;
  const list = unknown.map((name) => `unknown field ${JSON.stringify(name)}`).join(', ');
  throw badRequest(
    `${resource.kind} in version "v1" cannot be handled as a ${resource.kind}: strict decoding error: ${list}`,
  );
}

function others(value: unknown, known: readonly string[], prefix: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `${prefix}${name}`);
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
