import { notFound } from '@ambit/kernel';
import { findDirectoryGroup, listDirectoryGroups, listGivenMembers } from '@ambit/persistence';
import type {
  Database,
  DirectoryGroup,
  DirectoryListQuery,
  DirectoryMember,
  DirectoryPage,
} from '@ambit/persistence';
import { applyGroup, createGroup, dropGroup } from './apply-group.ts';
import type { CommitDirectory } from './commit-directory.ts';
import { sourceOf } from './directory-caller.ts';
import type { DirectoryCaller, ProviderDirectory } from './directory-caller.ts';
import { requireVersion } from './directory-users.ts';
import type { GroupEdit } from './group-edit.ts';

/** Groups as a directory knows them. */
export class DirectoryGroups {
  readonly #commit: CommitDirectory;
  readonly #database: Database;

  constructor(commit: CommitDirectory, database: Database) {
    this.#commit = commit;
    this.#database = database;
  }

  /** Throws `not_found`. */
  async get({ uid }: ProviderDirectory, id: string): Promise<DirectoryGroup> {
    return found(await findDirectoryGroup(this.#database, uid, id), id);
  }

  list(
    directory: ProviderDirectory,
    query: Omit<DirectoryListQuery, 'providerUid'>,
  ): Promise<DirectoryPage<DirectoryGroup>> {
    const of = { providerUid: directory.uid, source: sourceOf(directory) };
    return listDirectoryGroups(this.#database, { ...query, ...of });
  }

  /** Whom the directory gives these groups, by group. */
  members(
    directory: ProviderDirectory,
    groups: readonly DirectoryGroup[],
  ): Promise<ReadonlyMap<string, readonly DirectoryMember[]>> {
    return listGivenMembers(
      this.#database,
      sourceOf(directory),
      groups.map(({ uid }) => uid),
    );
  }

  /** Throws `already_exists`, `group_closed`, `invalid_request`. */
  create(
    caller: DirectoryCaller,
    group: GroupEdit & { readonly displayName: string },
  ): Promise<DirectoryGroup> {
    return this.#commit.run(caller, (tx, directory) => createGroup(tx, directory, group));
  }

  /** A change that changes nothing writes nothing. Throws `not_found`, `stale_resource` and what `create` throws. */
  change(
    caller: DirectoryCaller,
    { id, ifMatch }: { readonly id: string; readonly ifMatch?: number },
    edit: GroupEdit,
  ): Promise<DirectoryGroup> {
    return this.#commit.run(caller, async (tx, directory) => {
      const before = found(await tx.directories.findGroup(directory.uid, id), id);
      requireVersion(before, ifMatch);
      return applyGroup(tx, { directory, before, edit });
    });
  }

  /** Whom it gave the group leaves it; the group goes when nobody else has a word about it. Throws `not_found`. */
  remove(caller: DirectoryCaller, id: string, ifMatch?: number): Promise<void> {
    return this.#commit.run(caller, async (tx, directory) => {
      const before = found(await tx.directories.findGroup(directory.uid, id), id);
      requireVersion(before, ifMatch);
      await dropGroup(tx, directory, before);
    });
  }
}

function found(group: DirectoryGroup | undefined, id: string): DirectoryGroup {
  if (group === undefined) throw notFound('Group', id.slice(0, 100));
  return group;
}
