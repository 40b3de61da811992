import { defined, notFound } from '@ambit/kernel';
import type { DirectoryGroup, NamedReference, Transaction } from '@ambit/persistence';
import { auditGroup, auditMembers, groupKind } from '../people/public.ts';
import { closedToSync, objectOf } from '../policy/public.ts';
import type { HeldDirectory } from './commit-directory.ts';
import { sourceOf } from './directory-caller.ts';
import { groupNameOf } from './directory-names.ts';
import { notUnique, unfitFor } from './directory-refusals.ts';
import type { GroupEdit } from './group-edit.ts';

interface Applied {
  readonly directory: HeldDirectory;
  readonly before: DirectoryGroup;
  readonly edit: GroupEdit;
}

/** Makes the group, or gives people to one of this name that is there. Throws `already_exists`, `group_closed`. */
export async function createGroup(
  tx: Transaction,
  directory: HeldDirectory,
  edit: GroupEdit & { readonly displayName: string },
): Promise<DirectoryGroup> {
  const { displayName } = edit;
  const externalId = edit.externalId ?? undefined;
  await refuseRival(tx, directory, { displayName, ...defined({ externalId }) });
  const name = groupNameOf(displayName);
  const group = await tx.groups.find(name);
  if (group !== null && (await tx.directories.findGroup(directory.uid, group.uid)) !== undefined)
    throw notUnique(`${directory.name} has another group that is called ${name} in Ambit.`);
  const { uid } = group ?? (await madeGroup(tx, name, displayName));
  const saved = { providerUid: directory.uid, uid, displayName, madeHere: group === null };
  const made = await tx.directories.saveGroup({ ...saved, ...defined({ externalId }) });
  if (group !== null)
    tell(tx, group, `${directory.name} gives people to group ${name} from now on`);
  await moveMembers(tx, directory, { uid, name }, edit);
  return made;
}

async function madeGroup(
  tx: Transaction,
  name: string,
  displayName: string,
): Promise<NamedReference> {
  const put = await tx.groups.put({ name, labels: {}, displayName: displayName.slice(0, 256) });
  auditGroup(tx, put);
  return put.record;
}

/** The group keeps the name that it has in Ambit. */
export async function applyGroup(
  tx: Transaction,
  { directory, before, edit }: Applied,
): Promise<DirectoryGroup> {
  const displayName = edit.displayName ?? before.displayName;
  const externalId =
    edit.externalId === undefined ? before.externalId : (edit.externalId ?? undefined);
  const named = displayName !== before.displayName || externalId !== before.externalId;
  const own = { displayName, except: before.uid, ...defined({ externalId }) };
  if (named) await refuseRival(tx, directory, own);
  if (displayName !== before.displayName) await showName(tx, before, displayName);
  const moved = await moveMembers(tx, directory, before, edit);
  if (!named && !moved) return before;
  const { uid, madeHere } = before;
  const saved = { providerUid: directory.uid, uid, displayName, madeHere };
  return tx.directories.saveGroup({ ...saved, ...defined({ externalId }) });
}

async function showName(tx: Transaction, { name }: DirectoryGroup, text: string): Promise<void> {
  const group = await tx.groups.find(name);
  if (group === null) throw notFound('Group', name);
  const { labels, annotations } = group;
  const put = await tx.groups.put({ name, labels, annotations, displayName: text.slice(0, 256) });
  auditGroup(tx, put);
}

/** True when anybody was given or taken. */
async function moveMembers(
  tx: Transaction,
  directory: HeldDirectory,
  group: NamedReference,
  { members, joining, leaving, onlyKnown = false }: GroupEdit,
): Promise<boolean> {
  const source = sourceOf(directory);
  const coming = members === undefined ? joining : new Set([...members, ...joining]);
  const place = { groupUid: group.uid, source };
  const known = await tx.directories.findKnown(directory.uid, [...coming], place);
  if (!onlyKnown) refuseUnknown(directory, coming, known);
  const staying = new Set([...known.keys()].filter((uid) => !leaving.has(uid)));
  // Whom it gives the group already is not looked at again: a sync of ten thousand locks nobody and writes nothing.
  const missing = [...staying].filter((uid) => known.get(uid)?.given !== true);
  const going =
    members === undefined
      ? [...leaving]
      : (await tx.directories.findGiven(source, group.uid)).filter((uid) => !staying.has(uid));
  const nobody = { moved: [], changed: [] };
  const taken = going.length === 0 ? nobody : await tx.members.takeFrom(group.uid, source, going);
  const given = missing.length === 0 ? nobody : await tx.members.giveTo(group.uid, source, missing);
  const names = (of: readonly NamedReference[]): string[] => of.map(({ name }) => name);
  auditMembers(tx, group, { added: names(given.changed), removed: names(taken.changed) });
  const moved = given.moved.length + taken.moved.length;
  if (moved > given.changed.length + taken.changed.length)
    tell(
      tx,
      group,
      `${directory.name} says something else of members whom others give group ${group.name} too`,
    );
  return moved > 0;
}

function refuseUnknown(
  { name }: HeldDirectory,
  uids: ReadonlySet<string>,
  known: ReadonlyMap<string, unknown>,
): void {
  const unknown = [...uids].filter((uid) => !known.has(uid));
  if (unknown.length === 0) return;
  const some = unknown.slice(0, 3).map((uid) => uid.slice(0, 64));
  throw unfitFor(
    'members',
    `${unknown.length} of the members are no people of ${name}: ${some.join(', ')}.`,
    'Members are ids of Users that this directory has made; groups in groups are not taken.',
  );
}

export async function dropGroup(
  tx: Transaction,
  directory: HeldDirectory,
  { uid, name, madeHere }: DirectoryGroup,
): Promise<void> {
  const source = sourceOf(directory);
  await tx.directories.forgetGroup(directory.uid, uid);
  const { changed } = await tx.members.takeFrom(uid, source);
  auditMembers(tx, { uid, name }, { added: [], removed: changed.map((user) => user.name) });
  const stays =
    !madeHere ||
    (await tx.directories.findOtherSource(directory.uid, uid, source)) ||
    (await closedToSync(tx, [uid])).has(uid);
  if (stays) tell(tx, { uid, name }, `${directory.name} gives nobody to group ${name} any more`);
  else await groupKind.remove(tx, name, {});
}

async function refuseRival(
  tx: Transaction,
  { uid, name }: HeldDirectory,
  {
    displayName,
    externalId,
    except,
  }: {
    readonly displayName: string;
    readonly externalId?: string;
    readonly except?: string;
  },
): Promise<void> {
  const names = { name: displayName, ...defined({ externalId, except }) };
  const rival = await tx.directories.findRival('Group', uid, names);
  if (rival === undefined) return;
  throw notUnique(
    `${name} has a group with this ${rival.sameName ? 'displayName' : 'externalId'} already.`,
    `It is the Group with the id ${rival.uid}.`,
  );
}

const tell = (tx: Transaction, group: NamedReference, message: string): void =>
  tx.audit.record({ type: 'group.updated', message, object: objectOf('Group', group) });
