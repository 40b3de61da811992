import type pg from 'pg';
import { roleNames } from '../rights/role-names.ts';

export interface RoleSecrets {
  readonly owner: string;
  readonly application: string;
  readonly auditWriter: string;
}

/** What the one role of former releases was called. It owns everything, so it becomes the owner. */
const formerRole = 'ambit';

/** For every connection of a role, also for one that says nothing itself. */
const sessionSettings = [
  'search_path = public, pg_temp',
  `statement_timeout = '30s'`,
  `idle_in_transaction_session_timeout = '10s'`,
];

async function exists(client: pg.Client, role: string): Promise<boolean> {
  const found = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
  return found.rowCount !== 0;
}

async function ensureRole(client: pg.Client, role: string, secret: string): Promise<void> {
  if (!(await exists(client, role))) await client.query(`CREATE ROLE ${role}`);
  await client.query(
    `ALTER ROLE ${role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${client.escapeLiteral(secret)}`,
  );
}

/**
 * Owner, application and audit writer, with these secrets; the role of a former release becomes the owner. As the
 * superuser. Idempotent, so a crash between is harmless.
 */
export async function ensureRoles(client: pg.Client, secrets: RoleSecrets): Promise<void> {
  const { owner, application, auditWriter } = roleNames;
  if ((await exists(client, formerRole)) && !(await exists(client, owner)))
    await client.query(`ALTER ROLE ${formerRole} RENAME TO ${owner}`);
  await ensureRole(client, owner, secrets.owner);
  await ensureRole(client, application, secrets.application);
  await ensureRole(client, auditWriter, secrets.auditWriter);
  for (const role of [application, auditWriter])
    for (const setting of sessionSettings) await client.query(`ALTER ROLE ${role} SET ${setting}`);
}

/** Gives a database to the owner and closes it for everybody else but the two roles that use it. */
export async function ownDatabase(client: pg.Client, database: string): Promise<void> {
  const { owner, application, auditWriter } = roleNames;
  const name = client.escapeIdentifier(database);
  await client.query(`ALTER DATABASE ${name} OWNER TO ${owner}`);
  await client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${application}, ${auditWriter}`);
}

/** The owner cannot sign in until the superuser lets it again. */
export async function closeOwner(client: pg.Client): Promise<void> {
  await client.query(`ALTER ROLE ${roleNames.owner} NOLOGIN PASSWORD NULL`);
}
