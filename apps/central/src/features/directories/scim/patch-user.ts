import { scimPatch, ScimError } from 'scim-patch';
import type { ScimPatchOperation, ScimResource } from 'scim-patch';
import { patchOperations } from './patch-operations.ts';
import type { PatchOperation } from './patch-operations.ts';
import type { PatchPath } from './patch-path.ts';
import { readAt, readResource } from './read-resource.ts';
import type { Resource } from './read-resource.ts';
import { badRequest } from './scim-error.ts';
import { userShape } from './scim-schema.ts';

/** The person after the operations. Throws `invalid_request`. */
export function patchedUser(before: Resource, body: unknown): Resource {
  const operations = patchOperations(body, userShape).flatMap(operationOf);
  try {
    const after: unknown = scimPatch(before as unknown as ScimResource, operations, {
      mutateDocument: false,
      treatMissingAsAdd: true,
    });
    return readResource(after, userShape);
  } catch (error) {
    if (!(error instanceof ScimError)) throw error;
    throw badRequest('noTarget', 'An operation names what the person does not have.');
  }
}

/** The library writes what it is given under any key, so it is given what is kept and nothing else. */
function operationOf({ op, path, value }: PatchOperation): ScimPatchOperation[] {
  if (op === 'remove') return [{ op, path: textOf(path) }];
  const read = readAt(path, value, userShape);
  return read === undefined ? [] : [{ op, path: textOf(path), value: read }];
}

function textOf({ extension, attribute, which, sub }: PatchPath): string {
  const prefix = extension === undefined ? '' : `${extension}:`;
  const chosen = which === undefined ? '' : `[${which}]`;
  return `${prefix}${attribute}${chosen}${sub === undefined ? '' : `.${sub}`}`;
}
