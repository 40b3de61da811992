import type { DirectoryValue } from '@ambit/persistence';
import { textProblem } from '../directory-names.ts';
import type { PatchPath } from './patch-path.ts';
import { badRequest } from './scim-error.ts';
import { attributeNamed, extensionNamed } from './scim-schema.ts';
import type { Attribute, Attributes, ResourceShape } from './scim-schema.ts';

export type Resource = Record<string, DirectoryValue>;

/** Of one attribute of a person. */
export const mostValues = 100;
/** More is in no body that is not an attack; members have a limit of their own. */
const mostMembers = 50_000;

/** The body as an object. Throws `invalid_request`. */
export function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw badRequest('invalidSyntax', `${what} has to be an object.`);
}

/**
 * What of a body is kept: attributes by their names as they are written, whatever case they came in; booleans that came as
 * texts; nothing for null. What is not known is left out. Throws `invalid_request`.
 */
export function readResource(body: unknown, shape: ResourceShape): Resource {
  const given = objectOf(body, 'The body');
  const resource: Resource = {};
  for (const [key, value] of Object.entries(given)) {
    const [name, read] = readEntry(key, value, shape) ?? [];
    if (name !== undefined && read !== undefined) resource[name] = read;
  }
  for (const [name, { required }] of Object.entries(shape.attributes)) {
    if (required === true && textAt(resource, name) === '')
      throw badRequest('invalidValue', `${name} is needed.`);
  }
  return resource;
}

/** Empty when there is no such text. */
export function textAt(resource: Resource, name: string): string {
  const value = resource[name];
  return typeof value === 'string' ? value : '';
}

/** One attribute of a body by its name, or one extension; undefined for what is not known. */
function readEntry(
  key: string,
  value: unknown,
  shape: ResourceShape,
): readonly [name: string, value: DirectoryValue | undefined] | undefined {
  const extension = extensionNamed(shape, key);
  if (extension !== undefined) {
    const [urn, attributes] = extension;
    return value === null ? undefined : [urn, readParts(value, attributes, urn)];
  }
  const found = attributeNamed(shape.attributes, key);
  if (found === undefined) return undefined;
  const [name, attribute] = found;
  return [name, readValue(value, attribute, name)];
}

/** What an operation writes at a path, as `readResource` would keep it; undefined for nothing. */
export function readAt(
  { extension, attribute, which, sub }: PatchPath,
  value: unknown,
  shape: ResourceShape,
): DirectoryValue | undefined {
  const all = extension === undefined ? shape.attributes : shape.extensions[extension];
  const whole = all?.[attribute];
  const part = sub === undefined ? whole : whole?.sub?.[sub];
  if (part === undefined) return undefined;
  // Chosen among several it is one of them.
  const { multiValued, ...single } = part;
  return readValue(value, which === undefined && multiValued ? part : single, sub ?? attribute);
}

/** A value as the attribute takes it; undefined for none. Throws `invalid_request`. */
function readValue(value: unknown, attribute: Attribute, name: string): DirectoryValue | undefined {
  if (value === null || value === undefined) return undefined;
  if (attribute.multiValued !== true) return readSingle(value, attribute, name);
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  const most = name === 'members' ? mostMembers : mostValues;
  if (all.length > most)
    throw badRequest('tooMany', `${name} has ${all.length} values; ${most} are the most.`);
  const read = all.flatMap((each) => {
    const whole = typeof each === 'object' ? each : { value: each };
    return readSingle(whole, attribute, name) ?? [];
  });
  return read.length === 0 && name !== 'members' ? undefined : read;
}

function readSingle(
  value: unknown,
  { type, sub = {} }: Attribute,
  name: string,
): DirectoryValue | undefined {
  if (value === null) return undefined;
  if (type === 'complex') return readComplex(value, sub, name);
  return type === 'boolean' ? readBoolean(value, name) : readText(value, name);
}

/** Entra writes a manager as the id alone. */
const readComplex = (value: unknown, sub: Attributes, name: string): DirectoryValue | undefined =>
  typeof value === 'string' && 'value' in sub
    ? readParts({ value }, sub, name)
    : readParts(value, sub, name);

function readParts(value: unknown, attributes: Attributes, name: string): Resource | undefined {
  const parts: Resource = {};
  for (const [key, part] of Object.entries(objectOf(value, name))) {
    const [own, attribute] = attributeNamed(attributes, key) ?? [];
    if (own === undefined || attribute === undefined) continue;
    const read = readValue(part, attribute, `${name}.${own}`);
    if (read !== undefined) parts[own] = read;
  }
  return Object.keys(parts).length === 0 ? undefined : parts;
}

/** Entra writes them as texts. */
function readBoolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'true' || text === 'false') return text === 'true';
  throw badRequest('invalidValue', `${name} has to be true or false.`);
}

function readText(value: unknown, name: string): string {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text !== 'string') throw badRequest('invalidValue', `${name} has to be a text.`);
  const problem = textProblem(text);
  if (problem !== undefined) throw badRequest('invalidValue', `${name} ${problem}`);
  return text;
}
