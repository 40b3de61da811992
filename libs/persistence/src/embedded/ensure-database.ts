import { randomBytes } from 'node:crypto';
import { AppError } from '@ambit/kernel';
import pg from 'pg';
import { roleNames } from '../rights/role-names.ts';
import { type PostgresFolder, makeSecret, superuserFile } from './data-folder.ts';
import { closeOwner, ensureRoles, ownDatabase } from './database-roles.ts';

const wrongPassword = '28P01';

interface RunningServer {
  readonly dataDir: string;
  readonly port: number;
  readonly folder: PostgresFolder;
  readonly prepare: ((ownerUrl: string) => Promise<void>) | undefined;
}

const randomSecret = (): string => randomBytes(32).toString('hex');

async function connectAs(port: number, password: string): Promise<pg.Client | undefined> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'postgres',
    password,
    database: 'postgres',
    connectionTimeoutMillis: 10_000,
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => {});
    if ((error as { code?: string }).code === wrongPassword) return undefined;
    throw error;
  }
}

/** In a folder of a former release the superuser has the application's password: it gets one of its own. */
async function connectAsSuperuser({ dataDir, port, folder }: RunningServer): Promise<pg.Client> {
  const { password, superuserSecret } = folder;
  const own = superuserSecret === undefined ? undefined : await connectAs(port, superuserSecret);
  if (own !== undefined) return own;
  const client = await connectAs(port, password);
  if (client === undefined) {
    throw new AppError(
      'database_unavailable',
      'The secret of the superuser of the embedded database is not the one of this folder.',
      { hint: `Put ${superuserFile(dataDir)} back from your copy of the data folder.` },
    );
  }
  const secret = superuserSecret ?? (await makeSecret(superuserFile(dataDir)));
  await client.query(`ALTER ROLE postgres PASSWORD ${client.escapeLiteral(secret)}`);
  return client;
}

/**
 * Makes roles and database and lets the owner do its work. The superuser's secret and the owner's are held no longer than
 * this takes: afterwards the owner cannot sign in. Gives the URLs that remain.
 */
export async function ensureDatabase(
  server: RunningServer,
): Promise<{ readonly url: string; readonly auditUrl: string }> {
  const client = await connectAsSuperuser(server);
  const url = (role: string, secret: string): string =>
    `postgres://${role}:${secret}@127.0.0.1:${server.port}/ambit`;
  try {
    const secrets = {
      owner: randomSecret(),
      application: server.folder.password,
      auditWriter: randomSecret(),
    };
    await ensureRoles(client, secrets);
    const databases = await client.query(`SELECT 1 FROM pg_database WHERE datname = 'ambit'`);
    if (databases.rowCount === 0) await client.query('CREATE DATABASE ambit');
    await ownDatabase(client, 'ambit');
    await client.query('REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC');
    await server.prepare?.(url(roleNames.owner, secrets.owner));
    await closeOwner(client);
    return {
      url: url(roleNames.application, secrets.application),
      auditUrl: url(roleNames.auditWriter, secrets.auditWriter),
    };
  } finally {
    await client.end();
  }
}
