import { unwatchFile, watchFile } from 'node:fs';
import { keyFaults, readText, strictYaml } from '@ambit/config';
import { AppError, isAppError } from '@ambit/kernel';
import type { ErrorItem, Logger } from '@ambit/kernel';
import { defaultCeiling, parseCeilingDocument, withProtected } from '@ambit/rbac';
import type { Ceiling } from '@ambit/rbac';
import { LineCounter, parseDocument, type Document } from 'yaml';

const maxBytes = 256 * 1024;
const pollMs = 1_000;

export type CeilingListener = (ceiling: Ceiling) => void;

/**
 * The ceiling that the cluster's owner wrote. Without a file the defaults hold. A file that becomes unreadable while
 * the agent runs changes nothing: the last good ceiling stays, because neither guess would be safe.
 */
export class CeilingFile {
  readonly #path: string | undefined;
  readonly #logger: Logger;
  #current: Ceiling;
  #invalid = false;
  #always: readonly string[] = [];
  #listener: CeilingListener | undefined;

  private constructor(path: string | undefined, current: Ceiling, logger: Logger) {
    this.#path = path;
    this.#current = current;
    this.#logger = logger;
  }

  /** Throws `config_invalid` with every problem of the file. */
  static async open(path: string | undefined, logger: Logger): Promise<CeilingFile> {
    return new CeilingFile(
      path,
      path === undefined ? defaultCeiling : await readCeiling(path),
      logger,
    );
  }

  /** What is in force: the file, with the namespaces that are protected whatever it says. */
  get ceiling(): Ceiling {
    return withProtected(this.#current, this.#always);
  }

  /** True while the file cannot be used and an older ceiling is in force. */
  get invalid(): boolean {
    return this.#invalid;
  }

  /** From now on nothing is written in these, whatever the file says. */
  protect(namespaces: readonly string[]): void {
    this.#always = namespaces;
  }

  /** Tells of every change of the file from now on. It is looked at once a second, so that mounted volumes that are swapped whole are seen too. */
  watch(listener: CeilingListener): void {
    this.#listener = listener;
    if (this.#path === undefined) return;
    watchFile(this.#path, { interval: pollMs, persistent: false }, () => void this.#reload());
  }

  close(): void {
    if (this.#path !== undefined) unwatchFile(this.#path);
  }

  async #reload(): Promise<void> {
    if (this.#path === undefined) return;
    try {
      this.#current = await readCeiling(this.#path);
      this.#invalid = false;
      this.#logger.info('the ceiling changed', { path: this.#path });
      this.#listener?.(this.ceiling);
    } catch (error) {
      this.#invalid = true;
      this.#logger.error('the ceiling file cannot be used: the last good one stays in force', {
        path: this.#path,
        problems: isAppError(error) ? error.extras.errors : [],
        error,
      });
    }
  }
}

/** Reads a ceiling file. Throws `config_invalid` with line and column of every problem. */
export async function readCeiling(path: string): Promise<Ceiling> {
  const lines = new LineCounter();
  const document = parseDocument(await ceilingText(path), { lineCounter: lines, ...strictYaml });
  const [syntax] = [...document.errors, ...document.warnings];
  if (syntax !== undefined) {
    const { line, col } = lines.linePos(syntax.pos[0]);
    throw unusable(path, [{ message: syntax.message.split('\n')[0] ?? '', line, column: col }]);
  }
  const lost = keyFaults(document, lines);
  if (lost.length > 0) throw unusable(path, lost);
  const parsed = parseCeilingDocument(document.toJS({ maxAliasCount: 10 }));
  if (parsed.ok) return parsed.value;
  throw unusable(
    path,
    parsed.problems.map((problem) => {
      const at = lines.linePos(placeOf(document, segments(problem.pointer ?? '')));
      return { ...problem, line: at.line, column: at.col };
    }),
  );
}

/** Where a path stands in the text; what is missing stands where the object is that lacks it. */
function placeOf(document: Document.Parsed, path: readonly string[]): number {
  const node = document.getIn(path, true) as { range?: [number] } | undefined;
  if (node?.range !== undefined) return node.range[0];
  return path.length === 0 ? 0 : placeOf(document, path.slice(0, -1));
}

function segments(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

async function ceilingText(path: string): Promise<string> {
  const file = await readText(path, { maxBytes });
  if (file.ok) return file.text;
  throw unusable(path, [{ message: file.reason }]);
}

function unusable(path: string, errors: readonly ErrorItem[]): AppError {
  return new AppError('config_invalid', `The ceiling file ${path} cannot be used.`, {
    errors,
    hint: 'See docs/reference/ceiling.md for the fields and their defaults.',
  });
}
