import { scimPatch, ScimError } from 'scim-patch';
import type { ScimPatchOperation, ScimResource } from 'scim-patch';
import { editChosen, withoutNamed } from './chosen-values.ts';
import { patchOperations } from './patch-operations.ts';
import type { PatchOperation } from './patch-operations.ts';
import type { PatchPath } from './patch-path.ts';
import { mostValues, readAt, readResource } from './read-resource.ts';
import type { Resource } from './read-resource.ts';
import { badRequest } from './scim-error.ts';
import { userShape } from './scim-schema.ts';
import type { Attribute } from './scim-schema.ts';

/** The person after the operations. Throws `invalid_request`. */
export function patchedUser(before: Resource, body: unknown): Resource {
  const operations = patchOperations(body, userShape).flatMap(readOperation);
  // A copy: the library writes into what it is given.
  return readResource(operations.reduce(bounded, readResource(before, userShape)), userShape);
}

/** What is written is read first, so nothing that is not kept goes further. */
function readOperation({ op, path, value }: PatchOperation): PatchOperation[] {
  if (op === 'remove' && !namesValues(path)) return [{ op, path }];
  const read = value === undefined ? undefined : readAt(path, value, userShape);
  if (op !== 'remove') return read === undefined ? [] : [{ op, path, value: read }];
  return value === undefined ? [{ op, path }] : [{ op, path, value: read ?? [] }];
}

/** Some directories name what they remove by its value: nobody loses all addresses for one of them. */
const namesValues = (path: PatchPath): boolean =>
  path.which === undefined && path.sub === undefined && attributeOf(path)?.multiValued === true;

const attributeOf = ({ extension, attribute }: PatchPath): Attribute | undefined =>
  (extension === undefined ? userShape.attributes : userShape.extensions[extension])?.[attribute];

/** Each operation looks through all values there are, so they never become many. */
function bounded(person: Resource, operation: PatchOperation): Resource {
  const after = followed(person, operation);
  const { attribute } = operation.path;
  const values = after[attribute];
  if (!Array.isArray(values) || values.length <= mostValues) return after;
  throw badRequest('tooMany', `${attribute} would have more than ${mostValues} values.`);
}

function followed(person: Resource, operation: PatchOperation): Resource {
  const { op, path, value } = operation;
  const named = op === 'remove' && value !== undefined;
  if (path.which === undefined && !named) return plainly(person, operation);
  const { multiValued, sub } = attributeOf(path) ?? {};
  if (multiValued !== true || sub === undefined)
    throw badRequest('noTarget', `${path.attribute} has one value: none of several is chosen.`);
  const values = (person[path.attribute] ?? []) as readonly Resource[];
  const after = named ? withoutNamed(values, operation) : editChosen(values, operation, sub);
  return { ...person, [path.attribute]: after };
}

/** By the library, which writes what it is given under any key: it is given what was read and nothing else. */
function plainly(person: Resource, { op, path, value }: PatchOperation): Resource {
  const operation = { op, path: textOf(path), ...(value === undefined ? {} : { value }) };
  try {
    const after = scimPatch(person as unknown as ScimResource, [operation as ScimPatchOperation], {
      mutateDocument: true,
      treatMissingAsAdd: true,
    });
    return after as unknown as Resource;
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw badRequest('noTarget', 'An operation names what the person does not have.');
  }
}

function textOf({ extension, attribute, sub }: PatchPath): string {
  const prefix = extension === undefined ? '' : `${extension}:`;
  return `${prefix}${attribute}${sub === undefined ? '' : `.${sub}`}`;
}
