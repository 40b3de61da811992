import { defined } from '@ambit/kernel';
import { one, type Sql } from '../sql.ts';
import type { Standing } from '../installation-store.ts';
import type { StateAhead } from '../state-ahead.ts';

interface AheadRow {
  readonly holder: string;
  readonly cluster: string | null;
  readonly held_epoch: number;
  readonly held_revision: number;
  readonly state_epoch: number;
  readonly revision: number;
  readonly proved_at: Date;
}

/** Who holds a state that this database does not know, highest first; while there is one, no change is committed. */
export async function listStatesAhead(sql: Sql): Promise<readonly StateAhead[]> {
  const rows = await sql.query<AheadRow>(
    'SELECT * FROM states_ahead ORDER BY held_epoch DESC, held_revision DESC, holder LIMIT 1000',
  );
  return rows.map((row) => ({
    holder: row.holder,
    ...defined({ cluster: row.cluster }),
    heldEpoch: row.held_epoch,
    heldRevision: row.held_revision,
    stateEpoch: row.state_epoch,
    revision: row.revision,
    provedAt: row.proved_at.getTime(),
  }));
}

/** How a person calls who holds it. */
export function holderName({ holder, cluster }: Pick<StateAhead, 'holder' | 'cluster'>): string {
  return cluster === undefined ? holder : `cluster ${cluster}`;
}

/** What the database says about `revision`. For an installation that exists. */
export async function readStanding(sql: Sql, revision: number): Promise<Standing> {
  const row = await one<{ state_epoch: number; revision: number; lineage: Buffer | null }>(
    sql,
    `SELECT i.state_epoch, h.revision, l.lineage FROM policy_head h CROSS JOIN installation i
     LEFT JOIN policy_lineage l ON l.revision = $1::bigint`,
    [revision],
  );
  return {
    stateEpoch: row.state_epoch,
    revision: row.revision,
    ...defined({ lineage: row.lineage }),
  };
}
