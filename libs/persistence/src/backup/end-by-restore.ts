import type { OpenTransaction } from '../open-transaction.ts';
import type { BackupHead } from './backup-head.ts';
import type { PolicyDifference } from './policy-difference.ts';

/** Who is named as ahead of a database that was restored by command. */
export const restoredHolder = 'the database before the restore';

export interface EndedByRestore {
  /** No change of policy is taken until the state epoch is raised. */
  readonly frozen: boolean;
  /** API tokens of the backup that are good, with what nobody can know: whether they were revoked since. */
  readonly goodTokens: readonly string[];
  /** Clusters whose agents by now have renewed certificates of which the backup does not know. */
  readonly renewedSince: readonly string[];
}

interface Facts {
  readonly head: BackupHead;
  readonly before:
    | {
        readonly stateEpoch: number;
        readonly revision: number;
        readonly lineage: string;
        readonly frozen: boolean;
      }
    | undefined;
  readonly differences: readonly PolicyDifference[] | undefined;
}

/**
 * Ends again what had been ended, as far as it is known, and what is good once: a backup knows neither. Then nothing is
 * committed until the epoch is raised, unless the database that was replaced was the same and waited for no epoch itself.
 */
export async function endWhatMustNotComeBack(
  open: OpenTransaction,
  { head, before, differences }: Facts,
): Promise<EndedByRestore> {
  const ended = (kind: string): string[] =>
    (differences ?? []).flatMap((one) =>
      one.is === 'ended' && one.kind === kind ? [one.uid] : [],
    );
  await open.query(
    'UPDATE api_tokens SET revoked_at = now() WHERE revoked_at IS NULL AND uid = ANY($1::text[])',
    [ended('ApiToken')],
  );
  await open.query(
    `UPDATE agents SET revoked_at = now(), revoked_because = 'it was revoked before the restore' WHERE revoked_at IS NULL AND uid = ANY($1::text[])`,
    [ended('Agent')],
  );
  await open.query('DELETE FROM issuer_keys WHERE kid = ANY($1::text[])', [ended('IssuerKey')]);
  const same =
    before?.frozen === false &&
    before.lineage === head.lineage &&
    before.revision === head.revision &&
    before.stateEpoch === head.stateEpoch;
  await endWhatIsGoodOnce(open);
  if (!same) await freeze(open, { head, before });
  const tokens = await open.query<{ name: string }>(
    `SELECT name FROM api_tokens WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now()) ORDER BY name`,
  );
  return {
    frozen: !same,
    goodTokens: tokens.map(({ name }) => name),
    renewedSince: await listRenewedSince(open),
  };
}

/** Agents renew after half of the time for which a certificate is good. */
async function listRenewedSince(open: OpenTransaction): Promise<string[]> {
  const rows = await open.query<{ name: string }>(
    `SELECT DISTINCT c.name FROM agents a JOIN clusters c ON c.uid = a.cluster_uid
     JOIN LATERAL (SELECT not_before, not_after FROM agent_certificates WHERE agent_uid = a.uid
       ORDER BY issued_order DESC LIMIT 1) x ON true
     WHERE a.revoked_at IS NULL AND c.removed_at IS NULL
       AND x.not_before + (x.not_after - x.not_before) / 2 < now() ORDER BY c.name`,
  );
  return rows.map(({ name }) => name);
}

/** It may have been used since; and who signed out since must not be signed in. */
async function endWhatIsGoodOnce(open: OpenTransaction): Promise<void> {
  await open.query(
    'UPDATE join_tokens SET expires_at = now() WHERE used_at IS NULL AND expires_at > now()',
  );
  await open.query('UPDATE local_credentials SET set_up_hash = NULL, set_up_until = NULL');
  await open.query(
    `UPDATE sessions SET ended_at = now(), ended_because = 'The database was restored.' WHERE ended_at IS NULL`,
  );
}

async function freeze(open: OpenTransaction, facts: Pick<Facts, 'head' | 'before'>): Promise<void> {
  const { head } = facts;
  const before = facts.before ?? head;
  await open.query(
    `INSERT INTO states_ahead AS s (holder, held_epoch, held_revision, state_epoch, revision, proved_at)
     VALUES ($1, $2, $3, $4, $5, now())
     ON CONFLICT (holder) DO UPDATE SET held_epoch = greatest(s.held_epoch, excluded.held_epoch),
       held_revision = greatest(s.held_revision, excluded.held_revision)`,
    [
      restoredHolder,
      Math.max(before.stateEpoch, head.stateEpoch),
      Math.max(before.revision, head.revision),
      head.stateEpoch,
      head.revision,
    ],
  );
  await open.query('UPDATE policy_head SET frozen_at = revision');
}
