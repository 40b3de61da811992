import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const house = fileURLToPath(new URL('../..', import.meta.url));

export interface ToolRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A throw-away copy of the checkout's sources in which faults can be planted and the tools be run. */
export interface HouseCopy {
  readonly root: string;
  plant(path: string, text: string): void;
  /** Replaces a text that must be there. */
  edit(path: string, from: string | RegExp, to: string): void;
  read(path: string): string;
  /** Runs a program of node_modules/.bin, or `node`, in the copy. */
  run(program: string, ...words: string[]): Promise<ToolRun>;
  remove(): void;
}

const left = new Set(['node_modules', 'dist', '.git', '.nx', '.data', 'coverage']);

/** Copies all sources; packages from npm are linked, packages of ours lead into the copy. */
export function copyHouse(): HouseCopy {
  const root = mkdtempSync(join(tmpdir(), 'ambit-house-'));
  for (const entry of readdirSync(house)) {
    if (!left.has(entry)) copy(join(house, entry), join(root, entry));
  }
  linkPackages(root);
  return {
    root,
    plant(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    edit(path, from, to) {
      const before = readFileSync(join(root, path), 'utf8');
      const after = before.replace(from, to);
      if (after === before) throw new Error(`${path} has nothing like ${String(from)}`);
      writeFileSync(join(root, path), after);
    },
    read: (path) => readFileSync(join(root, path), 'utf8'),
    run: (program, ...words) => runIn(root, program, words),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function copy(from: string, to: string): void {
  cpSync(from, to, {
    recursive: true,
    filter: (source) => !left.has(source.slice(source.lastIndexOf('/') + 1)),
  });
}

function linkPackages(root: string): void {
  const modules = join(root, 'node_modules');
  mkdirSync(join(modules, '@ambit'), { recursive: true });
  for (const name of readdirSync(join(house, 'node_modules'))) {
    if (name === '@ambit' || name === '.cache') continue;
    symlinkSync(join(house, 'node_modules', name), join(modules, name));
  }
  const rooms = ['apps', 'libs'].flatMap((kind) =>
    readdirSync(join(root, kind)).map((name) => join(kind, name)),
  );
  for (const room of rooms) {
    symlinkSync(join(root, room), join(modules, '@ambit', basename(room)));
    for (const made of ['node_modules', 'dist']) {
      const own = join(house, room, made);
      if (existsSync(own)) symlinkSync(own, join(root, room, made));
    }
  }
}

function runIn(root: string, program: string, words: readonly string[]): Promise<ToolRun> {
  const command = program === 'node' ? process.execPath : join(root, 'node_modules/.bin', program);
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  return new Promise((resolve, reject) => {
    const child = spawn(command, words, { cwd: root, env: { ...process.env, PATH: path } });
    const texts = { stdout: '', stderr: '' };
    child.stdout.on('data', (part: Buffer) => (texts.stdout += part.toString()));
    child.stderr.on('data', (part: Buffer) => (texts.stderr += part.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, ...texts }));
  });
}
