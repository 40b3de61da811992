import type { Database } from '../database.ts';
import type { OpenTransaction } from '../open-transaction.ts';
import { one, type Sql } from '../sql.ts';
import type { DatabaseRoles } from './role-names.ts';

const everything = 'SELECT, INSERT, UPDATE, DELETE';

/** What the application may do with the tables that are not simply read and written. */
const ofTheApplication: Readonly<Record<string, string>> = {
  migrations: 'SELECT',
  audit_retention: 'SELECT',
  policy_changes: 'SELECT, INSERT',
  agent_orders: 'SELECT, INSERT',
  policy_head: 'SELECT, UPDATE',
  installation: 'SELECT, INSERT, UPDATE',
};

interface Table {
  readonly name: string;
  readonly schema: string;
  /** Quoted, with its schema. */
  readonly path: string;
}

/** Partitions are left out: they are reached through their table alone. */
const tables = (sql: Sql): Promise<Table[]> =>
  sql.query<Table>(
    `SELECT c.relname AS name, n.nspname AS schema, format('%I.%I', n.nspname, c.relname) AS path
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname IN ('public', 'limits', 'bullmq') AND c.relkind IN ('r', 'p') AND NOT c.relispartition`,
  );

/** Position and transaction of an event are the database's to say. */
async function insertableColumns(sql: Sql): Promise<string> {
  const { columns } = await one<{ columns: string }>(
    sql,
    `SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns FROM pg_attribute
     WHERE attrelid = 'public.audit_events'::regclass AND attnum > 0 AND NOT attisdropped
       AND attname NOT IN ('position', 'xid')`,
  );
  return columns;
}

async function takeAll(open: OpenTransaction, role: string): Promise<void> {
  const schemas = await open.query<{ schema: string }>(
    `SELECT nspname AS schema FROM pg_namespace WHERE nspname IN ('public', 'limits', 'bullmq')`,
  );
  for (const { schema } of schemas) {
    await open.query(`REVOKE ALL ON SCHEMA ${schema} FROM ${role}`);
    await open.query(`REVOKE ALL ON ALL TABLES IN SCHEMA ${schema} FROM ${role}`);
    await open.query(`REVOKE ALL ON ALL SEQUENCES IN SCHEMA ${schema} FROM ${role}`);
    if (role !== 'PUBLIC') await open.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
  }
}

async function grantTrail(open: OpenTransaction, role: string): Promise<void> {
  const columns = await insertableColumns(open);
  await open.query(`GRANT INSERT (${columns}) ON public.audit_events TO ${role}`);
  await open.query(`GRANT USAGE ON SEQUENCE public.audit_position TO ${role}`);
}

async function grantApplication(open: OpenTransaction, role: string): Promise<void> {
  for (const { schema, name, path } of await tables(open)) {
    if (schema === 'public' && name === 'audit_events') continue;
    const rights = schema === 'public' ? ofTheApplication[name] : undefined;
    await open.query(`GRANT ${rights ?? everything} ON ${path} TO ${role}`);
  }
  await grantTrail(open, role);
  await open.query(`GRANT SELECT ON public.audit_events TO ${role}`);
  await open.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA limits TO ${role}`);
  await open.query(
    `GRANT EXECUTE ON FUNCTION public.audit_make_partition(integer), public.audit_drop_before(timestamptz) TO ${role}`,
  );
  const jobs = await open.query(`SELECT 1 FROM pg_namespace WHERE nspname = 'bullmq'`);
  if (jobs.length > 0) await open.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA bullmq TO ${role}`);
}

/** How far each spool was read stands beside the trail; nothing else of the database is its concern. */
async function grantAuditWriter(open: OpenTransaction, role: string): Promise<void> {
  await grantTrail(open, role);
  const bookkeeping = (await tables(open)).filter(
    ({ schema, name }) =>
      schema === 'public' &&
      name.startsWith('audit_') &&
      !['audit_events', 'audit_retention'].includes(name),
  );
  for (const { path } of bookkeeping)
    await open.query(`GRANT SELECT, INSERT, UPDATE ON ${path} TO ${role}`);
}

/**
 * Gives the roles exactly what the program needs and takes everything else, from everybody. Run as the owner, after
 * every migration. Does nothing for a role that is the owner itself. Throws database_unavailable.
 */
export function grantRights(owner: Database, roles: DatabaseRoles): Promise<void> {
  return owner.transaction(async (open) => {
    // Two programs that start together would change the same rows of the catalog.
    await open.query(`SELECT pg_advisory_xact_lock(hashtext('ambit rights'))`);
    await open.query('SET LOCAL statement_timeout = 60000');
    const { self } = await one<{ self: string }>(open, 'SELECT current_user AS self');
    const quoted = async (role: string): Promise<string> =>
      (await one<{ name: string }>(open, 'SELECT quote_ident($1) AS name', [role])).name;
    if (roles.application === self) return;
    await takeAll(open, 'PUBLIC');
    const application = await quoted(roles.application);
    await takeAll(open, application);
    await grantApplication(open, application);
    const { auditWriter = roles.application } = roles;
    if (auditWriter === roles.application || auditWriter === self) return;
    await takeAll(open, await quoted(auditWriter));
    await grantAuditWriter(open, await quoted(auditWriter));
  });
}

/** Nobody but the owner may shorten the time that the trail is kept. Run as the owner. */
export async function keepAuditFor(owner: Database, days: number): Promise<void> {
  await owner.query('UPDATE public.audit_retention SET days = $1', [days]);
}
