import type { Directory } from '@ambit/contracts';
import { defined, notFound } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { readDirectories } from '@ambit/persistence';
import type { Database, DirectoryStatus, UnitOfWork } from '@ambit/persistence';
import { timestamp } from '../../platform/object-response.ts';
import { requireRight } from '../policy/public.ts';
import type { CommitRequest } from '../policy/public.ts';
import type { NewsOfDirectories } from './news-of-directories.ts';

/** For so long a directory that was resumed takes away what it has to. */
const resumedForMs: Millis = 3_600_000;

/** How directories do, and letting one go on that was stopped. */
export class ManageDirectories {
  readonly #unitOfWork: UnitOfWork;
  readonly #database: Database;
  readonly #news: Pick<NewsOfDirectories, 'keep'>;

  constructor(
    { unitOfWork, database }: { readonly unitOfWork: UnitOfWork; readonly database: Database },
    news: Pick<NewsOfDirectories, 'keep'>,
  ) {
    this.#unitOfWork = unitOfWork;
    this.#database = database;
    this.#news = news;
  }

  async list(): Promise<Directory[]> {
    await this.#news.keep();
    return (await readDirectories(this.#database)).map(directoryResponse);
  }

  /** By the name of its provider. Throws `not_found`. */
  async get(provider: string): Promise<Directory> {
    await this.#news.keep();
    const [found] = await readDirectories(this.#database, provider);
    if (found === undefined) throw notFound('directory', provider);
    return directoryResponse(found);
  }

  /** For an hour what it takes away passes. Throws `not_found`, `permission_denied`. */
  async resume(provider: string, request: CommitRequest): Promise<Directory> {
    await this.get(provider);
    await this.#unitOfWork.run(request, async (tx) => {
      await requireRight(tx, request.actor, 'identityproviders:write');
      const record = await tx.plain('IdentityProvider').find(provider);
      if (record === null) throw notFound('IdentityProvider', provider);
      await tx.directories.resume(record.uid, resumedForMs);
      tx.audit.record({
        type: 'directory.resumed',
        message: `The directory of ${provider} goes on: for an hour it may take away whatever it says`,
        object: { kind: 'IdentityProvider', name: provider, uid: record.uid },
      });
    });
    return this.get(provider);
  }
}

function directoryResponse(status: DirectoryStatus): Directory {
  const time = (at: Millis | undefined): string | undefined =>
    at === undefined ? undefined : timestamp(at);
  const { provider, users, activeUsers, groups, memberships, lastError, stoppedBecause } = status;
  return {
    provider,
    state: status.stoppedAt === undefined ? 'running' : 'stopped',
    users,
    activeUsers,
    groups,
    memberships,
    ...defined({
      lastCallAt: time(status.lastCallAt),
      lastErrorAt: time(status.lastErrorAt),
      lastError,
      stoppedAt: time(status.stoppedAt),
      stoppedBecause,
      resumedUntil: time(status.resumedUntil),
    }),
  };
}
