import { randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { storageError } from './storage-error.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { insideName, inWordsOfPeople, spawnInside } from './server-folder.ts';
import { requireAccount, type ServerUser } from './server-user.ts';

export interface PostgresFolder {
  /** The folder PostgreSQL owns. */
  readonly cluster: string;
  /** Of the application. */
  readonly password: string;
  /** Undefined for a folder of a former release, whose superuser has the password above. */
  readonly superuserSecret: string | undefined;
}

interface Wanted {
  readonly dataDir: string;
  readonly binaries: PostgresBinaries;
  readonly user: ServerUser | undefined;
  /** Do not wait for the disk: for test databases. */
  readonly noSync: boolean;
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Where the superuser's secret is. Read at the start, held by nothing that runs. */
export const superuserFile = (dataDir: string): string => join(dataDir, 'superuser.password');

/** Makes a random secret in a file that only this account may read. */
export async function makeSecret(path: string): Promise<string> {
  const password = randomBytes(32).toString('hex');
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(`${password}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  return password;
}

async function initialise(draft: string, password: string, wanted: Wanted): Promise<void> {
  const passwordPath = `${draft}.pw`;
  await rm(passwordPath, { force: true });
  const file = await open(passwordPath, 'wx+', 0o600);
  try {
    await file.writeFile(`${password}\n`);
    if (wanted.user !== undefined) await chown(passwordPath, wanted.user.uid, wanted.user.gid);
    const settings = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'];
    if (wanted.noSync) settings.push('--no-sync');
    const child = spawnInside(
      draft,
      [
        wanted.binaries.initdb,
        '--username=postgres',
        '--pwfile=/dev/fd/3',
        ...settings,
        `--pgdata=${insideName(draft)}`,
      ],
      wanted.user,
      ['ignore', 'ignore', 'pipe', file.fd],
    );
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4_000);
    });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === 0) return;
    const said = complaint.trim() || `initdb ended with ${String(code)} and said nothing`;
    throw new Error(inWordsOfPeople(said, draft));
  } finally {
    await file.close();
    await rm(passwordPath, { force: true });
  }
}

/** Made under another name and renamed when it is whole: a data folder that can be seen was never cut short. */
async function createCluster(cluster: string, password: string, wanted: Wanted): Promise<void> {
  if (wanted.user === undefined) requireAccount();
  const draft = `${cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  if (wanted.user !== undefined) await chown(draft, wanted.user.uid, wanted.user.gid);
  await initialise(draft, password, wanted);
  await rename(draft, cluster);
}

function wrongVersion(found: string, wanted: Wanted): AppError {
  return new AppError(
    'database_unavailable',
    `The data folder ${wanted.dataDir} belongs to PostgreSQL ${found}; this program brings PostgreSQL ${wanted.binaries.major}.`,
    {
      hint: `Run it with the release that made it, or move it to a PostgreSQL ${found} of your own and set AMBIT_DATABASE_URL.`,
    },
  );
}

function passwordLost(dataDir: string): AppError {
  return new AppError(
    'database_unavailable',
    `The password of the embedded database is missing from ${dataDir}.`,
    { hint: 'Put the file "password" back from your copy of the data folder.' },
  );
}

/**
 * The data folder, made at first use. Throws storage_unwritable, storage_full, and database_unavailable for a folder
 * of another major version or without its password.
 */
export async function openDataFolder(wanted: Wanted): Promise<PostgresFolder> {
  const cluster = join(wanted.dataDir, 'cluster');
  const passwordPath = join(wanted.dataDir, 'password');
  try {
    await mkdir(wanted.dataDir, { recursive: true, mode: 0o700 });
    const version = await readOptional(join(cluster, 'PG_VERSION'));
    const password = await readOptional(passwordPath);
    const superuserSecret = await readOptional(superuserFile(wanted.dataDir));
    if (version !== undefined && version !== wanted.binaries.major) {
      throw wrongVersion(version, wanted);
    }
    if (version !== undefined) {
      if (password === undefined) throw passwordLost(wanted.dataDir);
      return { cluster, password, superuserSecret };
    }
    const made = superuserSecret ?? (await makeSecret(superuserFile(wanted.dataDir)));
    const application = password ?? (await makeSecret(passwordPath));
    await createCluster(cluster, made, wanted);
    return { cluster, password: application, superuserSecret: made };
  } catch (error) {
    throw storageError(error, wanted.dataDir);
  }
}
