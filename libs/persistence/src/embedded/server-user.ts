import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { AppError } from '@ambit/kernel';

/** The account PostgreSQL runs as; it refuses to run as root. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

const nobody: ServerUser = { uid: 65534, gid: 65534 };

/** `postgres` when the machine has it, else `nobody`. Undefined when this process is not root and needs no other account. */
export async function chooseServerUser(): Promise<ServerUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'postgres');
  const uid = Number(fields?.[2]);
  const gid = Number(fields?.[3]);
  return uid > 0 && gid > 0 ? { uid, gid } : nobody;
}

/** PostgreSQL makes its files under the name of an account. Throws database_unavailable where this process has none. */
export function requireAccount(): void {
  try {
    userInfo();
  } catch (cause) {
    throw new AppError(
      'database_unavailable',
      `The embedded PostgreSQL cannot be made: this machine has no account with the uid ${String(process.getuid?.())}.`,
      {
        why: 'PostgreSQL asks the machine for the name of the account it runs as (initdb: could not look up effective user ID).',
        hint: 'Run as an account that the machine knows (/etc/passwd), or name a PostgreSQL of your own with AMBIT_DATABASE_URL.',
        cause,
      },
    );
  }
}

function mayEnter(facts: { mode: number; uid: number; gid: number }, user: ServerUser): boolean {
  if (facts.uid === user.uid) return (facts.mode & 0o100) !== 0;
  if (facts.gid === user.gid) return (facts.mode & 0o010) !== 0;
  return (facts.mode & 0o001) !== 0;
}

/** True when `user` can reach `folder` from the root: search permission on it and on every parent that exists. */
export async function canReach(folder: string, user: ServerUser): Promise<boolean> {
  for (let path = resolve(folder); ; path = dirname(path)) {
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && !mayEnter(facts, user)) return false;
    if (path === dirname(path)) return true;
  }
}
