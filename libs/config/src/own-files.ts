import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { AppError } from '@ambit/kernel';
import { accountName } from './folders.ts';

const writableByOthers = 0o022;
const openToOthers = 0o077;

export interface OwnTree {
  /** The data folder: it and everything down to `folder` is looked at. */
  readonly dataDir: string;
  /** The folder of the program below the data folder; everything in it is looked at. */
  readonly folder: string;
  /** Files that nobody else may read: those in a folder of this name, and those of this name. */
  readonly secrets: readonly string[];
  /** Folders of another account, such as those of a database server: looked at, not entered. */
  readonly foreign?: readonly string[];
}

interface Entry {
  readonly path: string;
  readonly facts: Stats;
}

const refusal = (message: string, why: string, nextCommand: string): AppError =>
  new AppError('config_invalid', message, { why, nextCommand });

/** As a shell takes it, whatever is in it. */
const quoted = (path: string): string =>
  /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;

async function symbolicLink(path: string): Promise<AppError> {
  const target = quoted(await readlink(path));
  return refusal(
    `${path} is a symbolic link.`,
    'Whoever can turn it elsewhere decides which keys are used.',
    `rm ${quoted(path)} && cp -a ${target} ${quoted(path)}`,
  );
}

function ownProblem({ path, facts }: Entry, isSecret: boolean): AppError | undefined {
  const uid = process.getuid?.();
  if (uid === undefined) return undefined;
  if (facts.uid !== uid) {
    const username = accountName();
    return refusal(
      `${path} belongs to another account than ${username}, which runs this program.`,
      `Its owner (uid ${facts.uid}) could replace what is in it at any time.`,
      `chown -R ${username} ${quoted(path)}`,
    );
  }
  if ((facts.mode & writableByOthers) !== 0)
    return refusal(
      `Others may write to ${path}.`,
      'They could replace what this program trusts.',
      `chmod ${isSecret ? '600' : 'go-w'} ${quoted(path)}`,
    );
  if (isSecret && (facts.mode & openToOthers) !== 0)
    return refusal(
      `Others may read the key file ${path}.`,
      'What is in it is a secret of this program alone.',
      `chmod 600 ${quoted(path)}`,
    );
  return undefined;
}

/** Undefined for what is not there. */
async function look(path: string, isSecret: boolean): Promise<Entry | undefined> {
  const facts = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (facts === undefined) return undefined;
  if (facts.isSymbolicLink()) throw await symbolicLink(path);
  const entry = { path, facts };
  const problem = ownProblem(entry, isSecret);
  if (problem !== undefined) throw problem;
  return entry;
}

/** From the data folder down to the folder, both included. */
function between(dataDir: string, folder: string): string[] {
  const top = resolve(dataDir);
  const paths: string[] = [];
  for (let path = resolve(folder); path !== top && path !== dirname(path); path = dirname(path))
    paths.unshift(path);
  return [top, ...paths];
}

/** A link that root or this account made above the data folder is how the machine is laid out; another's is a trap. */
async function lookAtWay(dataDir: string): Promise<void> {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  for (let path = dirname(resolve(dataDir)); path !== dirname(path); path = dirname(path)) {
    const facts = await lstat(path).catch(() => undefined);
    if (facts?.isSymbolicLink() === true && ![uid, 0].includes(facts.uid))
      throw await symbolicLink(path);
  }
}

async function lookInto(folder: string, tree: OwnTree): Promise<void> {
  // A program that runs already may take something away meanwhile.
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (tree.foreign?.includes(name) === true) {
      if ((await lstat(path).catch(() => undefined))?.isSymbolicLink() === true)
        throw await symbolicLink(path);
      continue;
    }
    const isSecret = [name, basename(folder)].some((one) => tree.secrets.includes(one));
    const entry = await look(path, isSecret && !(await isFolder(path)));
    if (entry?.facts.isDirectory() === true) await lookInto(path, tree);
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined))?.isDirectory() === true;

/**
 * Makes sure that nobody else can put keys or state under a program: the data folder and everything of the program in it
 * belongs to this account, is written by nobody else, is reached without symbolic links, and secrets are read by nobody
 * else. No link of another account stands above it. Root is held to the same. What is not there is in order. Throws config_invalid with the command that mends it.
 */
export async function requireOwnTree(tree: OwnTree): Promise<void> {
  await lookAtWay(tree.dataDir);
  for (const path of between(tree.dataDir, tree.folder)) {
    const entry = await look(path, false);
    if (entry === undefined) return;
    if (!entry.facts.isDirectory()) return;
  }
  await lookInto(tree.folder, tree);
}

/**
 * Makes sure that a secret which a setting names by its file comes from this account or from root, and that nobody else
 * can change it. Links are followed and others may read: that is how Kubernetes mounts secrets. Pipes are nobody's. Throws
 * config_invalid with the command that mends it.
 */
export async function requireOwnSecret(path: string): Promise<void> {
  const facts = await stat(path);
  const uid = process.getuid?.();
  if (!facts.isFile() || uid === undefined) return;
  if (facts.uid !== uid && facts.uid !== 0) {
    throw refusal(
      `The file ${path} belongs to another account.`,
      `Its owner (uid ${facts.uid}) decides what this program uses as its secret.`,
      `chown ${accountName()} ${quoted(path)}`,
    );
  }
  if ((facts.mode & writableByOthers) !== 0) {
    throw refusal(
      `Others may write to the file ${path}.`,
      'They could replace the secret.',
      `chmod go-w ${quoted(path)}`,
    );
  }
}
