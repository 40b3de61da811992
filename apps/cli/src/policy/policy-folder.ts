import { readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemReason } from '@ambit/config';
import { AppError, compareText } from '@ambit/kernel';

/** What a folder holds: the files to read, and what is passed over, each with the reason. */
export interface PolicyFolder {
  readonly files: readonly string[];
  readonly skipped: readonly string[];
}

const policyName = /\.(ya?ml|json)$/i;

/**
 * The policy files of a folder and of those below it, by name. Links are followed, each folder and file is read once
 * however many ways lead to it, and what is policy by its name and cannot be read as a file is told. Hidden names are
 * not looked at: volumes of Kubernetes keep their other copies there. Throws `usage` for a folder that cannot be listed.
 */
export async function policyFolder(folder: string): Promise<PolicyFolder> {
  const walk = new Walk();
  await walk.enter(folder);
  return walk.end();
}

class Walk {
  readonly #files: string[] = [];
  readonly #skipped: string[] = [];
  /** The way by which each real file and folder was reached first. */
  readonly #reached = new Map<string, string>();
  #links: string[] = [];

  async enter(folder: string): Promise<void> {
    if (!(await this.#isFirst(folder))) return;
    for (const entry of await listed(folder)) {
      const path = join(folder, entry.name);
      if (entry.name.startsWith('.')) continue;
      // Links wait, so that a file is named by where it is and not by who points to it.
      if (entry.isSymbolicLink()) this.#links.push(path);
      else if (entry.isDirectory()) await this.enter(path);
      else if (policyName.test(entry.name)) await this.#take(path, entry.isFile());
    }
  }

  async end(): Promise<PolicyFolder> {
    while (this.#links.length > 0) {
      const links = this.#links;
      this.#links = [];
      for (const link of links) await this.#follow(link);
    }
    return { files: this.#files.toSorted(compareText), skipped: this.#skipped };
  }

  async #follow(link: string): Promise<void> {
    const target = await stat(link).catch(() => undefined);
    if (target?.isDirectory() === true) await this.enter(link);
    else if (policyName.test(link)) {
      if (target === undefined) throw brokenLink(link, await readlink(link));
      await this.#take(link, target.isFile());
    } else if (target === undefined) {
      this.#skipped.push(
        `${link} is skipped: it is a link to ${await readlink(link)}, which is not there`,
      );
    }
  }

  async #take(path: string, isFile: boolean): Promise<void> {
    if (!isFile) this.#skipped.push(`${path} is skipped: it is no file; name it to read it`);
    else if (await this.#isFirst(path)) this.#files.push(path);
  }

  async #isFirst(path: string): Promise<boolean> {
    // What may not be looked at is told when it is read.
    const real = await realpath(path).catch(() => path);
    const first = this.#reached.get(real);
    if (first === undefined) this.#reached.set(real, path);
    else this.#skipped.push(`${path} is skipped: it leads to ${first}, which is read already`);
    return first === undefined;
  }
}

async function listed(folder: string) {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => compareText(a.name, b.name));
  } catch (error) {
    throw new AppError('usage', `cannot list ${folder}`, {
      why: systemReason(error) === 'EACCES' ? 'this user may not read it' : systemReason(error),
      hint: 'A part of the policy would be left out.',
    });
  }
}

function brokenLink(link: string, target: string): AppError {
  return new AppError('usage', `cannot read ${link}`, {
    why: `it is a link to ${target}, which is not there or may not be looked at`,
    hint: 'A part of the policy would be left out.',
  });
}
