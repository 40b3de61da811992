import { appendFile } from 'node:fs/promises';
import { AppError } from '@ambit/kernel';
import type { Logger, Millis } from '@ambit/kernel';
import { couldBeNamedByUs } from '@ambit/rbac';
import type { ObjectKey } from '@ambit/rbac';
import { endedBy, nextEndAfter } from '../clock/ends.ts';
import { readWhole, replaceDurably } from './durable-file.ts';

const saveAfterMs = 200;
/** Lines that no longer hold, beside those that do, before the file is written anew. */
const staleLines = 1_000;
const gone = '-';
const objectKinds = ['ClusterRole', 'ClusterRoleBinding', 'RoleBinding'];
const keyPattern =
  /^(?:Role(?:Binding)?\/[a-z0-9-]{1,63}|ClusterRoleBinding\/|ClusterRole\/)\/([^/\s]+)$/;
const uidPattern = /^[A-Za-z0-9-]{1,64}$/;
const endPattern = /^\d{1,15}$/;

/** What the reconciler needs of it. */
export type Inventory = Pick<
  ObjectInventory,
  'uid' | 'end' | 'ended' | 'nextEnd' | 'keys' | 'size' | 'put' | 'remove' | 'flush'
>;

/**
 * What this agent wrote: key and uid of every object of ours, and when it ends. It proves ownership of an object whose labels somebody
 * took off, so it is saved soon after each write; when it is behind, the object's name still proves it. The file gets
 * a line per change, because writing ten thousand objects must not write a file of ten thousand lines each time.
 */
export class ObjectInventory {
  readonly #path: string;
  readonly #uids: Map<ObjectKey, string>;
  /** Of those that end: when. An agent that starts ends them before it knows anything else. */
  readonly #ends: Map<ObjectKey, Millis>;
  /** How many there are of each kind that we write. */
  readonly #counts = new Map<string, number>(objectKinds.map((kind) => [kind, 0]));
  /** Changed since the last save. */
  readonly #changed = new Set<ObjectKey>();
  #lines: number;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  /** The file's end is not known to be whole: it is written anew. */
  #torn: boolean;

  private constructor(path: string, found: Found) {
    this.#path = path;
    this.#uids = found.uids;
    this.#ends = found.ends;
    this.#lines = found.lines;
    this.#torn = found.torn;
    for (const key of found.uids.keys()) this.#count(key, 1);
  }

  /** An unreadable inventory counts as empty: names and labels then have to prove what is ours. */
  static async open(path: string, logger: Logger): Promise<ObjectInventory> {
    try {
      const bytes = await readWhole(path);
      const found = bytes === undefined ? nothing() : read(bytes.toString());
      if (found.strange > 0) {
        logger.error('the inventory names things that are not ours: they are left out', {
          path,
          lines: found.strange,
        });
      }
      if (found.cut)
        logger.warn('the last line of the inventory was cut: it is left out', { path });
      return new ObjectInventory(path, found);
    } catch (error) {
      throw new AppError('storage_unwritable', `${path} cannot be read.`, {
        hint: 'Remove it: labels and names then prove what is ours.',
        cause: error,
      });
    }
  }

  uid(key: ObjectKey): string | undefined {
    return this.#uids.get(key);
  }

  /** When the object ends, as it was last written. */
  end(key: ObjectKey): Millis | undefined {
    return this.#ends.get(key);
  }

  /** Keys of objects whose end has come. */
  ended(high: Millis): ObjectKey[] {
    return endedBy(this.#ends, high);
  }

  /** The first end that has not come. */
  nextEnd(high: Millis): Millis | undefined {
    return nextEndAfter(this.#ends, high);
  }

  keys(): Iterable<ObjectKey> {
    return this.#uids.keys();
  }

  get size(): number {
    return this.#uids.size;
  }

  /** Every kind that we write, with how many objects of ours there are. */
  countByKind(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  put(key: ObjectKey, uid: string, end?: Millis): void {
    const noted = this.#uids.get(key);
    if (noted === uid && this.#ends.get(key) === end) return;
    if (noted === undefined) this.#count(key, 1);
    this.#uids.set(key, uid);
    if (end === undefined) this.#ends.delete(key);
    else this.#ends.set(key, end);
    this.#saveSoon(key);
  }

  remove(key: ObjectKey): void {
    this.#ends.delete(key);
    if (!this.#uids.delete(key)) return;
    this.#count(key, -1);
    this.#saveSoon(key);
  }

  /** Another may have moved the ends since: then only the objects themselves say when they end. */
  forgetEnds(): void {
    for (const key of this.#ends.keys()) this.#saveSoon(key);
    this.#ends.clear();
  }

  /** Resolves when everything noted so far is on disk, or could not be written. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#changed.size > 0) this.#saving = this.#saving.then(() => this.#save());
    await this.#saving;
  }

  #count(key: ObjectKey, more: 1 | -1): void {
    const kind = key.slice(0, key.indexOf('/'));
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + more);
  }

  #saveSoon(key: ObjectKey): void {
    this.#changed.add(key);
    this.#timer ??= setTimeout(() => void this.flush(), saveAfterMs).unref();
  }

  async #save(): Promise<void> {
    const changed = [...this.#changed];
    this.#changed.clear();
    try {
      if (this.#torn || this.#lines + changed.length > 2 * this.#uids.size + staleLines) {
        await replaceDurably(this.#path, this.#text(this.#uids.keys()));
        this.#lines = this.#uids.size;
      } else {
        this.#torn = true;
        await appendFile(this.#path, this.#text(changed), { flush: true });
        this.#lines += changed.length;
      }
      this.#torn = false;
    } catch {
      // The disk is full or gone: the state store reports it, and the next change tries again.
      for (const key of changed) this.#changed.add(key);
    }
  }

  #text(keys: Iterable<ObjectKey>): string {
    return Array.from(keys, (key) => {
      const end = this.#ends.get(key);
      return `${this.#uids.get(key) ?? gone} ${key}${end === undefined ? '' : ` ${end}`}\n`;
    }).join('');
  }
}

interface Found {
  readonly uids: Map<ObjectKey, string>;
  readonly ends: Map<ObjectKey, Millis>;
  readonly lines: number;
  readonly torn: boolean;
  /** Lines that were left out. */
  readonly strange: number;
  /** Behind the last line stands the beginning of another. */
  readonly cut: boolean;
}

function nothing(): Found {
  return { uids: new Map(), ends: new Map(), lines: 0, torn: true, strange: 0, cut: false };
}

function isOurs(key: ObjectKey): boolean {
  const name = keyPattern.exec(key)?.[1];
  return name !== undefined && couldBeNamedByUs(name);
}

/**
 * Of several lines for a key the last one holds; a last line without its end was cut by a crash. Lines that name no object
 * that we could have made are left out, and the file is written anew without them.
 */
function read(text: string): Found {
  const lines = text.split('\n');
  const cut = lines.pop() !== '';
  const uids = new Map<ObjectKey, string>();
  const ends = new Map<ObjectKey, Millis>();
  let strange = 0;
  for (const line of lines) {
    const noted = readLine(line);
    if (noted === undefined) {
      strange++;
      continue;
    }
    const { key, uid, end } = noted;
    ends.delete(key);
    if (uid === gone) uids.delete(key);
    else uids.set(key, uid);
    if (uid !== gone && end !== undefined) ends.set(key, Number(end));
  }
  return { uids, ends, lines: lines.length, torn: cut || strange > 0, strange, cut };
}

/** `UID KEY`, and when the object ends in milliseconds, where it does. */
function readLine(
  line: string,
): { readonly uid: string; readonly key: ObjectKey; readonly end: string | undefined } | undefined {
  const [uid = '', key = '', end, ...more] = line.split(' ');
  const strange = more.length > 0 || (end !== undefined && !endPattern.test(end));
  return strange || !isOurs(key) || !uidPattern.test(uid) ? undefined : { uid, key, end };
}
