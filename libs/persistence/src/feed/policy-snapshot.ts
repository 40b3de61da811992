import type { PolicyObject } from '@ambit/domain';
import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { storedKinds } from '../kinds/stored-kinds.ts';
import type { SnapshotSource } from '../kinds/stored-kind.ts';
import { endedSessions } from '../queries/ended-sessions.ts';
import { leftGroups } from '../queries/left-groups.ts';
import { findInstallation } from '../queries/installation.ts';
import type { InstallationRecord } from '../records.ts';
import { headRevision, lineageOf } from './policy-changes.ts';

const fetchSize = 5_000;

const sources = [...storedKinds.flatMap(({ snapshot }) => snapshot), endedSessions, leftGroups];

async function streamSource(
  open: OpenTransaction,
  source: SnapshotSource,
  onObject: (object: PolicyObject) => void,
): Promise<void> {
  await open.query(`DECLARE snapshot NO SCROLL CURSOR FOR ${source.select}`);
  for (;;) {
    const rows = await open.query<never>(`FETCH ${fetchSize} FROM snapshot`);
    for (const row of rows) onObject(source.toObject(row));
    if (rows.length < fetchSize) break;
  }
  await open.query('CLOSE snapshot');
}

/** What a snapshot is of. */
export interface PolicySnapshot {
  readonly revision: number;
  readonly lineage: Uint8Array;
  /** Null before the first start. */
  readonly installation: InstallationRecord | null;
}

/**
 * Calls `onObject` for every policy object as of one revision and tells which: what is referred to
 * comes first. All of it is one snapshot of the database. When the read fails half way (and only
 * then) `onObject` has seen a part: start again with an empty model.
 */
export function readPolicySnapshot(
  database: Database,
  onObject: (object: PolicyObject) => void,
): Promise<PolicySnapshot> {
  return database.transaction(
    async (open) => {
      await open.query('SET TRANSACTION READ ONLY');
      const revision = await headRevision(open);
      for (const source of sources) await streamSource(open, source, onObject);
      const lineage = await lineageOf(open, revision);
      return { revision, lineage, installation: await findInstallation(open) };
    },
    { isolation: 'REPEATABLE READ' },
  );
}
