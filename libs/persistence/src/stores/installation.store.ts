import { defined } from '@ambit/kernel';
import { InstallationEntity } from '../entities/installation.entity.ts';
import { policyChannel } from '../feed/hint-listener.ts';
import { listStatesAhead, readStanding } from '../queries/states-ahead.ts';
import type { StateAhead } from '../state-ahead.ts';
import type { InstallationRecord } from '../records.ts';
import { one, type Sql } from '../sql.ts';
import type {
  EpochRaised,
  InstallationStore,
  IsAhead,
  NewInstallation,
  ProofAhead,
  RaiseEpoch,
} from '../installation-store.ts';
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
      ...defined({ epochRaise: row.epochRaise, bootstrappedAt: row.bootstrappedAt }),
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
      'UPDATE installation SET compiler_version = $1 WHERE compiler_version < $1 RETURNING uid',
      [version],
    );
    if (rows.length > 0) this.#context.changes.bump = 'compiler';
    return rows.length > 0;
  }

  async markBootstrapped(): Promise<boolean> {
    const rows = await this.#context.sql.query(
      'UPDATE installation SET bootstrapped_at = now() WHERE bootstrapped_at IS NULL RETURNING uid',
    );
    return rows.length === 1;
  }

  async raiseStateEpoch(raise: RaiseEpoch): Promise<EpochRaised> {
    const { sql, changes } = this.#context;
    const { epoch, revision } = await lockHead(sql);
    const ahead = await listStatesAhead(sql);
    const stateEpoch = Math.max(epoch, ...ahead.map((one) => one.heldEpoch)) + 1;
    await sql.query(
      `UPDATE installation SET state_epoch = $1, epoch_raise = $2, compiler_version = least(compiler_version, $3)`,
      [stateEpoch, Buffer.from(raise.sign(stateEpoch)), raise.compilerVersion],
    );
    await sql.query('DELETE FROM states_ahead');
    await sql.query(hintFeeds);
    changes.bump = 'epoch';
    const highest = Math.max(0, ...ahead.map((one) => one.heldRevision));
    changes.lift = Math.min(highest, revision + mostLift);
    return { from: epoch, stateEpoch, ahead };
  }

  async proveAhead(proof: ProofAhead, isAhead: IsAhead): Promise<StateAhead | undefined> {
    const { sql, at } = this.#context;
    const head = await lockHead(sql);
    const standing = await readStanding(sql, proof.heldRevision);
    if (!isAhead(standing)) return undefined;
    const { epoch: stateEpoch, revision } = head;
    await sql.query(
      `INSERT INTO states_ahead AS s (holder, cluster, held_epoch, held_revision, state_epoch, revision, proved_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (holder) DO UPDATE SET held_epoch = excluded.held_epoch, held_revision = excluded.held_revision
       WHERE (excluded.held_epoch, excluded.held_revision) > (s.held_epoch, s.held_revision)`,
      [
        proof.holder,
        proof.cluster ?? null,
        proof.heldEpoch,
        proof.heldRevision,
        stateEpoch,
        revision,
        at,
      ],
    );
    await sql.query('UPDATE policy_head SET frozen_at = revision WHERE frozen_at IS NULL');
    await sql.query(hintFeeds);
    return { ...proof, stateEpoch, revision, provedAt: at.getTime() };
  }
}

/** Other replicas look at once and not at their next poll. */
const hintFeeds = `SELECT pg_notify('${policyChannel}', '')`;
/** Every replica walks over the numbers that are left out. */
const mostLift = 1_000_000;

async function lockHead(sql: Sql): Promise<{ readonly epoch: number; readonly revision: number }> {
  return one(
    sql,
    'SELECT i.state_epoch AS epoch, h.revision FROM policy_head h, installation i FOR UPDATE',
  );
}
