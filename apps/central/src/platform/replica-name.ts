import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

/** The name of this process among the replicas, and that of the process that had its data folder before it. */
export interface ReplicaName {
  readonly name: string;
  /** Undefined at the first start. It is over: only one process at a time has the folder. */
  readonly former: string | undefined;
}

const nameFile = 'replica';
const wellFormed = /^[\w.-]{1,253}\/\d{1,10}-[0-9a-f]{4}$/;

/**
 * Takes a name that no other start has, and keeps it in the data folder, which has to be locked. A pid alone would not
 * do: in a container the next start has the same.
 */
export async function takeReplicaName(folder: string): Promise<ReplicaName> {
  const path = join(folder, nameFile);
  const text = (await readFile(path, 'utf8').catch(() => '')).trim();
  const name = `${hostname()}/${process.pid}-${randomBytes(2).toString('hex')}`;
  await writeFile(path, `${name}\n`, { mode: 0o600 });
  return { name, former: wellFormed.test(text) ? text : undefined };
}
