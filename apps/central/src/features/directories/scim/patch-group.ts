import type { Filter } from 'scim2-parse-filter';
import type { GroupEdit } from '../group-edit.ts';
import { patchOperations } from './patch-operations.ts';
import type { PatchOperation } from './patch-operations.ts';
import { readResource, textAt } from './read-resource.ts';
import type { Resource } from './read-resource.ts';
import { badRequest } from './scim-error.ts';
import { parsedFilter } from './scim-filter.ts';
import { groupShape } from './scim-schema.ts';

/** A whole group as an edit that leaves nothing of before; without `members` there are none. */
export function wholeGroup(body: unknown): GroupEdit & { readonly displayName: string } {
  const resource = readResource(body, groupShape);
  return {
    displayName: textAt(resource, 'displayName'),
    externalId: (resource['externalId'] as string | undefined) ?? null,
    members: idsOf(resource),
    joining: new Set(),
    leaving: new Set(),
  };
}

/** Operations that follow one another as one edit. Throws `invalid_request`. */
export function patchedGroup(body: unknown): GroupEdit {
  const edit = new Editing();
  for (const operation of patchOperations(body, groupShape)) edit.follow(operation);
  return edit;
}

class Editing implements GroupEdit {
  displayName?: string;
  externalId?: string | null;
  members?: Set<string>;
  readonly joining = new Set<string>();
  readonly leaving = new Set<string>();

  follow(operation: PatchOperation): void {
    const { op, path, value } = operation;
    if (path.attribute === 'members') return this.#followMembers(operation);
    if (path.attribute === 'externalId') {
      this.externalId = op === 'remove' ? null : textOf('externalId', value);
      return;
    }
    if (op === 'remove') throw badRequest('mutability', 'A group needs a displayName.');
    this.displayName = textOf('displayName', value);
  }

  #followMembers({ op, path, value }: PatchOperation): void {
    const ids = membersMeant(op, path.which, value);
    if (op === 'replace' && path.which === undefined) {
      this.members = new Set(ids);
      this.joining.clear();
      this.leaving.clear();
      return;
    }
    const [to, from] =
      op === 'remove' ? [this.leaving, this.joining] : [this.joining, this.leaving];
    for (const id of ids) {
      to.add(id);
      from.delete(id);
    }
  }
}

function membersMeant(
  op: PatchOperation['op'],
  which: string | undefined,
  value: unknown,
): string[] {
  if (which !== undefined) return idsIn(parsedFilter(which, 'path'));
  if (value !== undefined)
    return [...idsOf(readResource({ displayName: 'x', members: value }, groupShape))];
  // Some directories mean one member and name none: nobody empties a group by accident.
  if (op === 'remove')
    throw badRequest(
      'noTarget',
      'A remove of members has to say which.',
      'Name them by value or by a path such as members[value eq "ID"]; replace members by [] empties a group.',
    );
  throw badRequest('invalidValue', 'Members are named by a list of {"value": "ID"}.');
}

/** Ids that a filter names one by one. */
function idsIn(filter: Filter): string[] {
  if (filter.op === 'or') return filter.filters.flatMap(idsIn);
  if (filter.op === 'eq' && filter.attrPath.toLowerCase() === 'value')
    return [String(filter.compValue)];
  throw badRequest('invalidFilter', 'Members are chosen by value eq "ID".');
}

function idsOf({ members = [] }: Resource): Set<string> {
  const ids = (members as readonly Resource[]).map(({ value }) => value);
  if (ids.some((id) => typeof id !== 'string'))
    throw badRequest('invalidValue', 'Each member has a value, the id of a User.');
  return new Set(ids as string[]);
}

function textOf(name: 'displayName' | 'externalId', value: unknown): string {
  const read = readResource({ displayName: 'x', [name]: value }, groupShape)[name];
  return typeof read === 'string' ? read : '';
}
