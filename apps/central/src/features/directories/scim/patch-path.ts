import { badRequest } from './scim-error.ts';
import { parsedFilter } from './scim-filter.ts';
import { attributeNamed } from './scim-schema.ts';
import type { Attributes, ResourceShape } from './scim-schema.ts';

/** Where an operation works: an attribute of the resource or of an extension of it. */
export interface PatchPath {
  readonly extension?: string;
  readonly attribute: string;
  /** Which of several values, as it was written. */
  readonly which?: string;
  readonly sub?: string;
}

/** Undefined for what is known and not kept. Throws `invalid_request` for what is not known at all. */
export function pathOf(text: string, shape: ResourceShape): PatchPath | undefined {
  const path = pathIn(text, shape);
  if (path !== undefined) return path;
  const [first = ''] = withoutCore(text, shape).split(/[.[]/);
  if (shape.leftOut.has(first.toLowerCase())) return undefined;
  throw badRequest(
    'invalidPath',
    `There is no attribute ${text.slice(0, 100)} of a ${shape.kind}.`,
  );
}

const withoutCore = (text: string, { schema }: ResourceShape): string =>
  text.toLowerCase().startsWith(`${schema.toLowerCase()}:`) ? text.slice(schema.length + 1) : text;

/** ATTRIBUTE, ATTRIBUTE.SUB, ATTRIBUTE[FILTER] or ATTRIBUTE[FILTER].SUB, each after the URN of a schema and ":". */
export function pathIn(text: string, shape: ResourceShape): PatchPath | undefined {
  if (text.length > 1_024)
    throw badRequest('invalidPath', 'The path has more than 1024 characters.');
  const extension = Object.keys(shape.extensions).find((urn) =>
    text.toLowerCase().startsWith(`${urn.toLowerCase()}:`),
  );
  const bare =
    extension === undefined ? withoutCore(text, shape) : text.slice(extension.length + 1);
  const attributes = extension === undefined ? shape.attributes : shape.extensions[extension];
  const found = placeIn(bare, attributes ?? {});
  return found === undefined || extension === undefined ? found : { extension, ...found };
}

function placeIn(text: string, attributes: Attributes): PatchPath | undefined {
  const bracket = text.indexOf('[');
  const end = text.lastIndexOf(']');
  if (bracket <= 0 || end <= bracket) return plainPlace(text, attributes);
  const which = text.slice(bracket + 1, end);
  parsedFilter(which, 'path');
  const place = plainPlace(`${text.slice(0, bracket)}${text.slice(end + 1)}`, attributes);
  return place === undefined ? undefined : { ...place, which };
}

function plainPlace(text: string, attributes: Attributes): PatchPath | undefined {
  const [first = '', second, ...more] = text.split('.');
  const found = attributeNamed(attributes, first);
  if (found === undefined || more.length > 0) return undefined;
  const [attribute, { sub = {} }] = found;
  if (second === undefined) return { attribute };
  const [name] = attributeNamed(sub, second) ?? [];
  return name === undefined ? undefined : { attribute, sub: name };
}
