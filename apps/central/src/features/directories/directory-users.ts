import { AppError, notFound } from '@ambit/kernel';
import { findDirectoryUser, listDirectoryUsers } from '@ambit/persistence';
import type {
  Database,
  DirectoryListQuery,
  DirectoryPage,
  DirectoryUser,
} from '@ambit/persistence';
import type { CommitDirectory } from './commit-directory.ts';
import type { DirectoryCaller, ProviderDirectory } from './directory-caller.ts';
import { changeUser, createUser } from './change-user.ts';
import { dropUser } from './drop-user.ts';
import { lastSaid } from './said-user.ts';
import type { SaidUser } from './said-user.ts';

/** A change of one object, and what it has to be for that. */
export interface Edit<T> {
  readonly id: string;
  /** Version that the caller has read; absent: any. */
  readonly ifMatch?: number;
  change(before: T): T;
}

/** People as a directory knows them. */
export class DirectoryUsers {
  readonly #commit: CommitDirectory;
  readonly #database: Database;

  constructor(commit: CommitDirectory, database: Database) {
    this.#commit = commit;
    this.#database = database;
  }

  /** Throws `not_found`. */
  async get({ uid }: ProviderDirectory, id: string): Promise<DirectoryUser> {
    return found(await findDirectoryUser(this.#database, uid, id), id);
  }

  list(
    { uid }: ProviderDirectory,
    query: Omit<DirectoryListQuery, 'providerUid'>,
  ): Promise<DirectoryPage<DirectoryUser>> {
    return listDirectoryUsers(this.#database, { ...query, providerUid: uid });
  }

  /** Throws `already_exists`, `group_closed`, `invalid_request`. */
  create(caller: DirectoryCaller, person: SaidUser): Promise<DirectoryUser> {
    return this.#commit.run(caller, (tx, directory) => createUser(tx, directory, person));
  }

  /** A change that changes nothing writes nothing. Throws `not_found`, `stale_resource` and what `create` throws. */
  change(caller: DirectoryCaller, edit: Edit<SaidUser>): Promise<DirectoryUser> {
    return this.#commit.run(caller, async (tx, directory) => {
      const before = found(await tx.directories.findUser(directory.uid, edit.id), edit.id);
      requireVersion(before, edit.ifMatch);
      return changeUser(tx, directory, { before, person: edit.change(lastSaid(before)) });
    });
  }

  /** The person has nothing from this directory any more, and no access unless another one knows them. Throws `not_found`. */
  remove(caller: DirectoryCaller, id: string, ifMatch?: number): Promise<void> {
    return this.#commit.run(caller, async (tx, directory) => {
      const before = found(await tx.directories.findUser(directory.uid, id), id);
      requireVersion(before, ifMatch);
      await dropUser(tx, directory, before);
    });
  }
}

function found(user: DirectoryUser | undefined, id: string): DirectoryUser {
  if (user === undefined) throw notFound('User', id.slice(0, 100));
  return user;
}

/** Throws `stale_resource`. */
export function requireVersion(
  { version }: { readonly version: number },
  ifMatch: number | undefined,
): void {
  if (ifMatch === undefined || ifMatch === version) return;
  throw new AppError('stale_resource', 'It was changed since you read it.', {
    why: `You expected version ${ifMatch}, it is at ${version}.`,
  });
}
