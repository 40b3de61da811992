import type { IdentityProviderSpecWrite } from '@ambit/contracts';
import { AppError, isAppError } from '@ambit/kernel';
import { findDirectoryStanding } from '@ambit/persistence';
import type { Database, DirectoryLoss, Transaction, UnitOfWork } from '@ambit/persistence';
import type { PolicyWorld } from '../desired-state/public.ts';
import type { CommitPolicy } from '../policy/public.ts';
import { boundAhead, boundDirectory } from './bound-directory.ts';
import { serviceOf } from './directory-caller.ts';
import type { DirectoryCaller, ProviderDirectory } from './directory-caller.ts';

/** A provider whose directory writes, held to the end of its transaction: one change of a directory follows another. */
export interface HeldDirectory extends ProviderDirectory {
  readonly issuer: string;
  readonly domains: readonly string[];
}

/** The one way in which a directory changes policy: as everybody, and no more than it may take away. */
export class CommitDirectory {
  readonly #commit: CommitPolicy;
  readonly #unitOfWork: UnitOfWork;
  readonly #database: Database;
  readonly #world: PolicyWorld;

  constructor(
    commit: CommitPolicy,
    { unitOfWork, database }: { readonly unitOfWork: UnitOfWork; readonly database: Database },
    world: PolicyWorld,
  ) {
    this.#commit = commit;
    this.#unitOfWork = unitOfWork;
    this.#database = database;
    this.#world = world;
  }

  /** Throws what the work throws, and `confirmation_required` when it takes too much away: then the directory is stopped. */
  async run<T>(
    caller: DirectoryCaller,
    work: (tx: Transaction, directory: HeldDirectory) => Promise<T>,
  ): Promise<T> {
    const { actor, requestId, directory } = caller;
    const { resumed } = await findDirectoryStanding(this.#database, directory.uid);
    const request = {
      actor,
      requestId,
      role: 'sync',
      boundsItself: true,
      unguarded: resumed,
    } as const;
    try {
      const { value } = await this.#commit.run(request, async (tx) => {
        const held = await hold(tx, caller);
        const done = await work(tx, held);
        await boundDirectory(tx, held, this.#world.policy);
        return done;
      });
      return value;
    } catch (error) {
      if (!isAppError(error, 'confirmation_required')) throw error;
      await this.#stop(caller, error.message);
      throw stopped(directory, error);
    }
  }

  /**
   * Looks whether a change of many steps may take away what it will, before its first step. Throws `confirmation_required`;
   * then the directory is stopped, unless it was only asked (`dryRun`).
   */
  async foresee(
    caller: DirectoryCaller,
    lost: readonly DirectoryLoss[],
    dryRun: boolean,
  ): Promise<void> {
    const { actor, requestId, directory } = caller;
    try {
      await this.#unitOfWork.run({ actor, requestId, dryRun: true }, (tx) =>
        boundAhead(tx, directory, { lost, before: this.#world.policy }),
      );
    } catch (error) {
      if (!isAppError(error, 'confirmation_required')) throw error;
      if (!dryRun) await this.#stop(caller, error.message);
      throw stopped(directory, error);
    }
  }

  async #stop({ actor, requestId, directory }: DirectoryCaller, why: string): Promise<void> {
    await this.#unitOfWork.run({ actor, requestId }, async (tx) => {
      if (!(await tx.directories.stop(directory.uid, why))) return;
      tx.audit.record({
        type: 'directory.guard_tripped',
        message: `The directory of ${directory.name} was stopped: ${why}`,
        object: { kind: 'IdentityProvider', ...directory },
      });
    });
  }
}

const stopped = ({ name }: ProviderDirectory, { message }: AppError): AppError =>
  new AppError('confirmation_required', message, {
    why: `Until an administrator has looked, the directory of ${name} takes nothing away; what it adds goes on.`,
    nextCommand: `ambit directory resume ${name}`,
  });

/** Throws `permission_denied` when the service speaks for the directory no more. */
async function hold(
  tx: Transaction,
  { directory, service }: DirectoryCaller,
): Promise<HeldDirectory> {
  const record = await tx.plain('IdentityProvider').find(directory.name);
  if (record?.uid !== directory.uid || serviceOf(record.spec) !== service) {
    throw new AppError(
      'permission_denied',
      `service/${service} speaks for the directory of ${directory.name} no more.`,
    );
  }
  const { issuer, domains } = record.spec as unknown as IdentityProviderSpecWrite;
  return { ...directory, issuer, domains };
}
