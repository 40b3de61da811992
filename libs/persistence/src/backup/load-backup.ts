import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { AppError, isAppError } from '@ambit/kernel';
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams';
import type { Database } from '../database.ts';
import { databaseError } from '../database-error.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { findInstallation } from '../queries/installation.ts';
import { schemaOf, type BackupHead } from './backup-head.ts';
import {
  columnList,
  leftOut,
  listBackupTables,
  quoted,
  setUpCopying,
  type BackupTable,
} from './backup-tables.ts';
import { bringOver, setAside } from './carry-over.ts';
import { endWhatMustNotComeBack, type EndedByRestore } from './end-by-restore.ts';
import { knownObjects, policyDifferences, type PolicyDifference } from './policy-difference.ts';
import type { BackupPart } from './read-backup.ts';

export interface BackupSource {
  readonly head: BackupHead;
  /** From the beginning each time it is called. */
  readonly parts: () => AsyncIterable<BackupPart>;
}

export interface Restored extends EndedByRestore {
  /** What differs from the database that was replaced; undefined where there was none to compare with. */
  readonly differences: readonly PolicyDifference[] | undefined;
}

/**
 * Puts a backup in the place of everything in the database, in one transaction: when it fails nothing has changed. No
 * change of policy is taken afterwards until the state epoch is raised, unless nothing differs. As the owner, with the tables of this program.
 * `mayReplace` allows that there is an installation already. Throws confirmation_required when it may not, invalid_request for
 * a backup that is not of these tables or of another installation, in_use while central uses the database, database_unavailable, storage_full.
 */
export function loadBackup(
  owner: Database,
  { head, parts }: BackupSource,
  mayReplace: boolean,
): Promise<Restored> {
  return owner.transaction(async (open) => {
    await setUpCopying(open);
    const tables = await requireSameTables(open, head);
    const before = await lookAtReplaced(open, head, mayReplace);
    if (before) await setAside(open);
    await empty(open, tables);
    await load(open, tables, parts());
    const differences = before && policyDifferences(before.known, await knownObjects(open));
    if (before) await bringOver(open);
    await continueSequences(open);
    const ended = await endWhatMustNotComeBack(open, { head, before, differences });
    return { ...ended, differences };
  });
}

async function requireSameTables(
  open: OpenTransaction,
  head: BackupHead,
): Promise<readonly BackupTable[]> {
  const schema = await schemaOf(open);
  const tables = await listBackupTables(open);
  if (schema === head.schema && JSON.stringify(tables) === JSON.stringify(head.tables))
    return tables;
  throw new AppError('invalid_request', 'The backup was made by another release of central.', {
    why: `Its tables are those of ${head.schema}, and those of this program are of ${schema}.`,
    hint: 'Restore it with the release that made it, then start this one, which brings the tables up to date.',
  });
}

interface Replaced {
  readonly stateEpoch: number;
  readonly revision: number;
  readonly lineage: string;
  /** It was restored itself, or somebody proved that it is behind, and the epoch was not raised since. */
  readonly frozen: boolean;
  readonly known: Awaited<ReturnType<typeof knownObjects>>;
}

/** Undefined where there is no installation. */
async function lookAtReplaced(
  open: OpenTransaction,
  head: BackupHead,
  mayReplace: boolean,
): Promise<Replaced | undefined> {
  const installation = await findInstallation(open);
  if (installation === null) return undefined;
  if (installation.uid !== head.installation) {
    throw new AppError('invalid_request', 'The backup is one of another installation.', {
      why: `It is of ${head.installation}, and the database holds ${installation.uid}.`,
      hint: 'Restore it to an empty database.',
    });
  }
  if (!mayReplace) {
    throw new AppError('confirmation_required', 'The database is not empty.', {
      why: 'Everything that was decided after the backup would be gone.',
      hint: 'Make a backup of it first. To put the older one in its place, say so with --replace.',
    });
  }
  // Nobody commits from here to the end.
  const [row] = await open.query<{ revision: number; lineage: Buffer | null; frozen: boolean }>(
    `SELECT h.revision, l.lineage, h.frozen_at IS NOT NULL AS frozen FROM policy_head h LEFT JOIN policy_lineage l ON l.revision = h.revision FOR UPDATE OF h`,
  );
  const lineage = row?.lineage?.toString('hex') ?? '';
  return {
    stateEpoch: installation.stateEpoch,
    revision: row?.revision ?? 0,
    lineage,
    frozen: row?.frozen === true,
    known: await knownObjects(open),
  };
}

async function empty(open: OpenTransaction, tables: readonly BackupTable[]): Promise<void> {
  const { migrations: _made, audit_retention: _set, ...forgotten } = leftOut;
  const names = [...tables.map(({ name }) => name), ...Object.keys(forgotten)];
  await open.query(`TRUNCATE ${names.map((name) => `public.${quoted(name)}`).join(', ')}`);
}

async function load(
  open: OpenTransaction,
  tables: readonly BackupTable[],
  parts: AsyncIterable<BackupPart>,
): Promise<void> {
  const byName = new Map(tables.map((table) => [table.name, table]));
  let current: { readonly name: string; readonly stream: CopyStreamQuery } | undefined;
  try {
    for await (const { table, data } of parts) {
      if (current?.name !== table) {
        await endOf(current?.stream);
        current = { name: table, stream: begin(open, byName.get(table)) };
      }
      await send(current.stream, data);
    }
    await endOf(current?.stream);
  } catch (error) {
    current?.stream.destroy();
    throw refusedRow(error);
  }
}

function begin(open: OpenTransaction, table: BackupTable | undefined): CopyStreamQuery {
  if (table === undefined) throw doesNotFit();
  const text = `COPY public.${quoted(table.name)} (${columnList(table)}) FROM STDIN`;
  const stream = open.client.query(copyFrom(text));
  // It is waited for where it ends.
  stream.on('error', () => {});
  return stream;
}

async function send(stream: CopyStreamQuery, data: Buffer): Promise<void> {
  if (stream.errored) throw stream.errored;
  if (!stream.write(data)) await once(stream, 'drain');
}

async function endOf(stream: CopyStreamQuery | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await finished(stream);
}

/** What only passes by itself is told as it is. */
function refusedRow(error: unknown): AppError {
  const failure = databaseError(error);
  const passing = ['database_unavailable', 'storage_full', 'timed_out'] as const;
  if (error instanceof AppError || passing.some((code) => isAppError(failure, code)))
    return failure;
  return doesNotFit(failure.cause);
}

function doesNotFit(cause?: unknown): AppError {
  return new AppError('invalid_request', 'What is in the backup does not fit into the database.', {
    hint: 'Take another backup; nothing was changed.',
    cause,
  });
}

/** The next number is above all that were loaded. */
async function continueSequences(open: OpenTransaction): Promise<void> {
  const owned = await open.query<{ sequence: string; path: string; column: string }>(
    `SELECT pg_get_serial_sequence(format('public.%I', c.relname), a.attname) AS sequence,
       format('public.%I', c.relname) AS path, format('%I', a.attname) AS column
     FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relname <> 'migrations' AND a.attidentity <> ''`,
  );
  const trail = {
    sequence: 'public.audit_position',
    path: 'public.audit_events',
    column: 'position',
  };
  for (const { sequence, path, column } of [...owned, trail])
    await open.query(
      `SELECT setval('${sequence}', coalesce((SELECT max(${column}) FROM ${path}), 0) + 1, false)`,
    );
}
