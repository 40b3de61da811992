import { AppError } from '@ambit/kernel';
import { InstallationEntity } from '../entities/installation.entity.ts';
import type { InstallationRecord } from '../records.ts';
import { optional } from '../rows/record-meta.ts';
import type { InstallationStore, NewInstallation } from '../transaction.ts';
import type { StoreContext } from './store-context.ts';

export class PostgresInstallationStore implements InstallationStore {
  readonly #context: StoreContext;

  constructor(context: StoreContext) {
    this.#context = context;
  }

  async find(): Promise<InstallationRecord | null> {
    const row = await this.#context.manager.findOneBy(InstallationEntity, { singleton: true });
    if (row === null) return null;
    const { uid, compilerVersion, stateEpoch, caFingerprint } = row;
    const { stateKeyFingerprint, epochKeyFingerprint, explainedFrom } = row;
    return {
      uid,
      compilerVersion,
      stateEpoch,
      caFingerprint,
      stateKeyFingerprint,
      epochKeyFingerprint,
      explainedFrom,
      ...optional('epochRaise', row.epochRaise),
      ...optional('bootstrappedAt', row.bootstrappedAt),
    };
  }

  async create(record: NewInstallation): Promise<void> {
    await this.#context.manager.insert(InstallationEntity, { singleton: true, ...record });
  }

  async setKeys(
    keys: Pick<InstallationRecord, 'caFingerprint' | 'stateKeyFingerprint'>,
  ): Promise<void> {
    const { caFingerprint, stateKeyFingerprint } = keys;
    await this.#context.sql.query(
      'UPDATE installation SET ca_fingerprint = $1, state_key_fingerprint = $2',
      [caFingerprint, stateKeyFingerprint],
    );
  }

  async setCompilerVersion(version: number): Promise<boolean> {
    const rows = await this.#context.sql.query(
      'UPDATE installation SET compiler_version = $1 WHERE compiler_version <> $1 RETURNING uid',
      [version],
    );
    if (rows.length > 0) this.#context.changes.bump = true;
    return rows.length > 0;
  }

  async markBootstrapped(): Promise<boolean> {
    const rows = await this.#context.sql.query(
      'UPDATE installation SET bootstrapped_at = now() WHERE bootstrapped_at IS NULL RETURNING uid',
    );
    return rows.length === 1;
  }

  async raiseStateEpoch(epoch: number, raise: Uint8Array): Promise<void> {
    const rows = await this.#context.sql.query(
      `UPDATE installation SET state_epoch = $1, epoch_raise = $2 WHERE state_epoch = $1::bigint - 1 RETURNING uid`,
      [epoch, Buffer.from(raise)],
    );
    if (rows.length === 0) {
      throw new AppError(
        'stale_resource',
        'The state epoch was raised by somebody else meanwhile.',
        {
          hint: 'Look at the epoch again before you raise it once more.',
        },
      );
    }
    this.#context.changes.bump = true;
  }
}
