import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from '@ambit/config';
import { storageError } from '../obtain/storage-error.ts';
import { Janitor } from './janitor.ts';
import { ManagedProcess } from './managed-process.ts';

export interface ProgramStart {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Environment;
}

/**
 * A folder whose programs and files go away together: at `clean`, or by themselves when this process dies in whatever
 * way. Logs stand in `logs/NAME.log`.
 */
export class ProcessFolder {
  readonly path: string;
  private readonly janitor: Janitor;
  private readonly processes: ManagedProcess[] = [];

  private constructor(path: string, keep: boolean) {
    this.path = path;
    this.janitor = new Janitor(path, keep);
  }

  /**
   * Makes the folder for its owner only. It may exist before only with `keep`, which leaves its files where they are.
   * Throws `storage_full`, `storage_unwritable`.
   */
  static async create(path: string, { keep = false } = {}): Promise<ProcessFolder> {
    try {
      await mkdir(dirname(path), { recursive: true });
      // Without `recursive` it fails on a folder of somebody else, which would be removed at the end.
      await mkdir(path, { recursive: keep, mode: 0o700 });
      const folder = new ProcessFolder(path, keep);
      for (const name of ['pids', 'logs']) {
        await mkdir(join(path, name), { recursive: keep, mode: 0o700 });
      }
      return folder;
    } catch (error) {
      throw storageError(error, path);
    }
  }

  /** Starts a program in a process group of its own. Two that run at once need different names. */
  start(program: ProgramStart): ManagedProcess {
    const process = new ManagedProcess({ ...program, folder: this.path });
    this.processes.push(process);
    return process;
  }

  /** Ends all programs, the last started first, then the files. Safe to call twice. */
  async clean(graceMs: number): Promise<void> {
    for (const process of this.processes.toReversed()) await process.stop(graceMs);
    await this.janitor.clean();
  }
}
