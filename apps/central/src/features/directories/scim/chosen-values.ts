import { filter as matching } from 'scim2-parse-filter';
import type { Filter } from 'scim2-parse-filter';
import type { PatchOperation } from './patch-operations.ts';
import type { Resource } from './read-resource.ts';
import { badRequest } from './scim-error.ts';
import { parsedFilter } from './scim-filter.ts';
import { attributeNamed } from './scim-schema.ts';
import type { Attributes } from './scim-schema.ts';

/**
 * The values after an operation on some of them, such as `emails[type eq "work"].value`. What is written to a value that is
 * not there makes it, when the filter says what it is (RFC 7644, 3.5.2.3). Throws `invalid_request`.
 */
export function editChosen(
  values: readonly Resource[],
  { op, path, value }: PatchOperation,
  parts: Attributes,
): readonly Resource[] {
  const which = named(parsedFilter(path.which ?? '', 'path'), parts);
  const isMeant = matching(inLowerCase(which));
  const chosen = new Set(values.filter((each) => isMeant(lowered(each))));
  if (op === 'remove') {
    if (path.sub === undefined) return values.filter((each) => !chosen.has(each));
    return values.map((each) => (chosen.has(each) ? without(each, path.sub ?? '') : each));
  }
  const written = path.sub === undefined ? (value as Resource) : { [path.sub]: value as string };
  if (chosen.size > 0)
    return values.map((each) => (chosen.has(each) ? { ...each, ...written } : each));
  if (which.op !== 'eq')
    throw badRequest('noTarget', 'An operation names what the person does not have.');
  return [...values, { [which.attrPath]: which.compValue ?? '', ...written }];
}

/** The values without those that a remove names. Throws `invalid_request` when it names none. */
export function withoutNamed(
  values: readonly Resource[],
  { path, value }: PatchOperation,
): readonly Resource[] {
  const named = (value as readonly Resource[]).map((each) => lowered(each)['value']);
  if (named.length === 0 || named.some((each) => each === undefined))
    throw badRequest('noTarget', `A remove of ${path.attribute} names them by value or by path.`);
  const gone = new Set<unknown>(named);
  return values.filter((each) => !gone.has(lowered(each)['value']));
}

const without = (value: Resource, name: string): Resource =>
  Object.fromEntries(Object.entries(value).filter(([each]) => each !== name));

/** The filter with its names as they are written. */
function named(filter: Filter, parts: Attributes): Filter {
  if ('filters' in filter)
    return { ...filter, filters: filter.filters.map((each) => named(each, parts)) };
  if ('filter' in filter) return { ...filter, filter: named(filter.filter, parts) };
  const [name] = 'valFilter' in filter ? [] : (attributeNamed(parts, filter.attrPath) ?? []);
  if (name === undefined)
    throw badRequest('invalidFilter', `Nothing has a part ${filter.attrPath.slice(0, 100)}.`);
  return { ...filter, attrPath: name } as Filter;
}

/** Texts of values are compared without case (RFC 7643, 2.3.1: no part of them is `caseExact`). */
function inLowerCase(filter: Filter): Filter {
  if ('filters' in filter) return { ...filter, filters: filter.filters.map(inLowerCase) };
  if ('filter' in filter) return { ...filter, filter: inLowerCase(filter.filter) };
  if (!('compValue' in filter) || typeof filter.compValue !== 'string') return filter;
  return { ...filter, compValue: filter.compValue.toLowerCase() };
}

const lowered = (value: Resource): Resource =>
  Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      typeof part === 'string' ? part.toLowerCase() : part,
    ]),
  );
