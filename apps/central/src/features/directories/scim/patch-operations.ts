import { badRequest } from './scim-error.ts';
import { objectOf } from './read-resource.ts';
import { pathIn, pathOf } from './patch-path.ts';
import type { PatchPath } from './patch-path.ts';
import { extensionNamed } from './scim-schema.ts';
import type { ResourceShape } from './scim-schema.ts';

const mostOperations = 1_000;

export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: PatchPath;
  readonly value?: unknown;
}

/**
 * Operations of a PATCH, each with a path and with its names as they are written. Dialects end here: `Replace`, no path,
 * `name.givenName` and URNs as keys, null for nothing. What is known and not kept is left out. Throws `invalid_request`.
 */
export function patchOperations(body: unknown, shape: ResourceShape): readonly PatchOperation[] {
  const [, given] =
    Object.entries(objectOf(body, 'The body')).find(
      ([key]) => key.toLowerCase() === 'operations',
    ) ?? [];
  if (!Array.isArray(given) || given.length === 0)
    throw badRequest('invalidSyntax', 'A PATCH needs Operations, a list of what to do.');
  if (given.length > mostOperations)
    throw badRequest('tooMany', `A PATCH has at most ${mostOperations} Operations.`);
  return given.flatMap((each: unknown) => operationsOf(objectOf(each, 'An operation'), shape));
}

function operationsOf(
  given: Readonly<Record<string, unknown>>,
  shape: ResourceShape,
): PatchOperation[] {
  const op = typeof given['op'] === 'string' ? given['op'].toLowerCase() : '';
  if (op !== 'add' && op !== 'replace' && op !== 'remove')
    throw badRequest('invalidSyntax', 'The op of an operation is add, replace or remove.');
  const { path, value } = given;
  if (path !== undefined && path !== null && path !== '') {
    if (typeof path !== 'string') throw badRequest('invalidPath', 'A path has to be a text.');
    return valued(op, pathOf(path, shape), value);
  }
  if (op === 'remove')
    throw badRequest('noTarget', 'A remove has to say by its path what to remove.');
  return Object.entries(objectOf(value, 'The value of an operation without path')).flatMap(
    ([key, part]) => pathless(op, key, part, shape),
  );
}

function pathless(
  op: PatchOperation['op'],
  key: string,
  value: unknown,
  shape: ResourceShape,
): PatchOperation[] {
  const extension = extensionNamed(shape, key);
  if (extension === undefined) {
    const path = pathIn(key, shape);
    // As in a whole resource, what is not known counts for nothing.
    return path === undefined ? [] : valued(op, path, value);
  }
  const [urn] = extension;
  if (value === null) return [];
  return Object.entries(objectOf(value, urn)).flatMap(([part, partValue]) => {
    const path = pathIn(`${urn}:${part}`, shape);
    return path === undefined ? [] : valued(op, path, partValue);
  });
}

/** Null stands for no value. */
function valued(
  op: PatchOperation['op'],
  path: PatchPath | undefined,
  value: unknown,
): PatchOperation[] {
  if (path === undefined) return [];
  const nothing = value === null || value === undefined;
  if (op === 'remove') return [{ op, path, ...(nothing ? {} : { value }) }];
  return nothing ? [{ op: 'remove', path }] : [{ op, path, value }];
}
