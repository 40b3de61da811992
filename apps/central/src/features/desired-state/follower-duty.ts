import { hostname } from 'node:os';
import { compilerVersion } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import { DatabaseReplaced, holderName, listStatesAhead } from '@ambit/persistence';
import type { FeedCommit } from '@ambit/persistence';
import type { Runtime } from '../../platform/runtime.ts';
import type { PolicyWorld } from './policy-world.ts';

type Surroundings = Pick<Runtime, 'database' | 'logger' | 'readiness' | 'meters' | 'unitOfWork'>;

const actor = { kind: 'system', name: 'system/feed' } as const;

/** What a replica owes to the installation when the policy cannot simply be followed any further. */
export class FollowerDuty {
  readonly #surroundings: Surroundings;
  readonly #world: PolicyWorld;
  readonly #fail: (reason: Error) => void;

  constructor(surroundings: Surroundings, world: PolicyWorld, fail: (reason: Error) => void) {
    this.#surroundings = surroundings;
    this.#world = world;
    this.#fail = fail;
  }

  /** Two compilers may make two states of one revision: the older one stops. */
  heard({ installation }: FeedCommit): void {
    if (installation === undefined || installation.compilerVersion === compilerVersion) return;
    this.#fail(otherCompiler(installation.compilerVersion));
  }

  /** Says aloud that nothing is committed, or that it is again. Reads go on, so this replica stays ready. */
  frozen(frozen: boolean): void {
    const { logger, readiness, meters } = this.#surroundings;
    meters.stateAhead.set(frozen ? 1 : 0);
    if (frozen) void this.#tellFrozen();
    else {
      readiness.ready('policy');
      logger.info('changes are taken again');
    }
  }

  failed(error: unknown): void {
    const { logger, readiness } = this.#surroundings;
    logger.error('the policy can no longer be followed', { error });
    readiness.missing('policy', 'it cannot be followed any more; restart this replica');
    if (error instanceof DatabaseReplaced) void this.#databaseReplaced(error);
  }

  async #tellFrozen(): Promise<void> {
    const { database, logger, readiness } = this.#surroundings;
    const [ahead] = await listStatesAhead(database).catch(() => []);
    const who = ahead === undefined ? 'somebody' : holderName(ahead);
    const detail = `no change is taken, ${who} holds a newer state: ambit-central epoch raise`;
    readiness.ready('policy', detail);
    logger.error('no change is taken until the state epoch is raised: the database was restored', {
      ...ahead,
      nextCommand: 'ambit-central epoch raise',
    });
  }

  /** What this process held is proof enough: the clusters that it served hold it too. */
  async #databaseReplaced(error: DatabaseReplaced): Promise<void> {
    const { unitOfWork, logger } = this.#surroundings;
    const { stateEpoch } = this.#world.facts;
    const holder = `replica ${hostname()}/${process.pid} of central`;
    try {
      await unitOfWork.run({ actor }, async (tx) => {
        const proof = { holder, heldEpoch: stateEpoch, heldRevision: error.known };
        const ahead = await tx.installation.proveAhead(
          proof,
          (standing) => standing.stateEpoch <= stateEpoch,
        );
        if (ahead === undefined) return;
        tx.audit.record({
          type: 'installation.state_ahead',
          message: `The database went back to revision ${ahead.revision}; ${holder} held revision ${error.known}. No change is taken until the epoch is raised`,
          details: { heldEpoch: stateEpoch, heldRevision: error.known, revision: ahead.revision },
        });
      });
    } catch (reason) {
      logger.error('that the database went back could not be recorded', { error: reason });
    }
    this.#fail(error);
  }
}

function otherCompiler(version: number): AppError {
  return new AppError('not_ready', 'Another version of central serves this installation now.', {
    why: `It compiles states with compiler ${version}, this replica with ${compilerVersion}; agents take only one state of a revision.`,
    hint: 'Run the same version of central everywhere.',
  });
}
