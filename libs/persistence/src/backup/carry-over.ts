import type { OpenTransaction } from '../open-transaction.ts';

/** What a backup cannot know and what must outlive it, also when there is a second restore. */
const carried = ['states_ahead', 'api_tokens', 'agents', 'agent_certificates'] as const;

const aside = (table: (typeof carried)[number]): string => `replaced_${table}`;

/** Keeps a copy of it until the end of the transaction, before the tables are emptied. */
export async function setAside(open: OpenTransaction): Promise<void> {
  for (const table of carried)
    await open.query(
      `CREATE TEMPORARY TABLE ${aside(table)} ON COMMIT DROP AS SELECT * FROM public.${table}`,
    );
}

/** Puts it beside what was loaded. */
export async function bringOver(open: OpenTransaction): Promise<void> {
  for (const statement of statements) await open.query(statement);
}

const statements = [
  // Who was ahead of the database is ahead of an older one too: the epoch is raised above the highest ever seen.
  `INSERT INTO states_ahead AS s SELECT * FROM ${aside('states_ahead')}
   ON CONFLICT (holder) DO UPDATE SET held_epoch = greatest(s.held_epoch, excluded.held_epoch),
     held_revision = greatest(s.held_revision, excluded.held_revision)`,
  // A newer backup that is restored after this one may know them as good.
  `INSERT INTO api_tokens SELECT * FROM ${aside('api_tokens')} WHERE revoked_at IS NOT NULL
   ON CONFLICT (uid) DO UPDATE SET revoked_at = excluded.revoked_at`,
  `INSERT INTO agents AS a OVERRIDING SYSTEM VALUE
   SELECT r.* FROM ${aside('agents')} r JOIN clusters c ON c.uid = r.cluster_uid WHERE r.revoked_at IS NOT NULL
   ON CONFLICT (uid) DO UPDATE SET revoked_at = coalesce(a.revoked_at, excluded.revoked_at),
     revoked_because = coalesce(a.revoked_because, excluded.revoked_because)`,
  // Agents renew twice a day: by the backup alone their certificates were unknown, and superseded ones were good again.
  `INSERT INTO agent_certificates AS x OVERRIDING SYSTEM VALUE
   SELECT r.* FROM ${aside('agent_certificates')} r JOIN agents a ON a.uid = r.agent_uid
   ON CONFLICT (fingerprint) DO UPDATE SET superseded_at = coalesce(x.superseded_at, excluded.superseded_at),
     completed_hello_at = coalesce(x.completed_hello_at, excluded.completed_hello_at)`,
  `UPDATE agents a SET hello_fingerprint = (
     SELECT x.fingerprint FROM agent_certificates x
     WHERE x.agent_uid = a.uid AND x.completed_hello_at IS NOT NULL AND x.superseded_at IS NULL
     ORDER BY x.issued_order DESC LIMIT 1)
   WHERE EXISTS (SELECT 1 FROM ${aside('agents')} r WHERE r.uid = a.uid)`,
];
