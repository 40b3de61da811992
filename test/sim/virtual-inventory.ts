import type { Millis } from '@ambit/kernel';
import type { KubeObject } from '@ambit/kube';
import type { ObjectKey } from '@ambit/rbac';
import type { Inventory } from '../../apps/agent/src/state/object-inventory.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Noted {
  readonly uid: string;
  readonly end: Millis | undefined;
}

const savedAfterMs = 200;

/** The inventory of an agent on a disk that is a little behind, as the real one is. */
export class VirtualInventory implements Inventory {
  readonly #time: VirtualTime;
  readonly #noted: Map<ObjectKey, Noted>;
  #disk: ReadonlyMap<ObjectKey, Noted>;
  #saving = false;

  constructor(time: VirtualTime, disk: ReadonlyMap<ObjectKey, Noted> = new Map()) {
    this.#time = time;
    this.#noted = new Map(disk);
    this.#disk = disk;
  }

  /** What a process finds that starts after this one was killed. */
  afterCrash(): VirtualInventory {
    return new VirtualInventory(this.#time, this.#disk);
  }

  /** True when the disk has this very object. */
  isSaved({ metadata: { namespace = '', name, uid } }: KubeObject): boolean {
    return this.#disk.get(`RoleBinding/${namespace}/${name}`)?.uid === uid;
  }

  get size(): number {
    return this.#noted.size;
  }

  uid(key: ObjectKey): string | undefined {
    return this.#noted.get(key)?.uid;
  }

  end(key: ObjectKey): Millis | undefined {
    return this.#noted.get(key)?.end;
  }

  ended(high: Millis): ObjectKey[] {
    return Array.from(this.#noted).flatMap(([key, { end }]) =>
      end !== undefined && end <= high ? [key] : [],
    );
  }

  nextEnd(high: Millis): Millis | undefined {
    const ends = Array.from(this.#noted.values(), ({ end }) => end ?? Infinity);
    const next = Math.min(...ends.filter((end) => end > high));
    return next === Infinity ? undefined : next;
  }

  keys(): Iterable<ObjectKey> {
    return Array.from(this.#noted.keys());
  }

  put(key: ObjectKey, uid: string, end?: Millis): void {
    this.#noted.set(key, { uid, end });
    this.#saveSoon();
  }

  remove(key: ObjectKey): void {
    if (this.#noted.delete(key)) this.#saveSoon();
  }

  async flush(): Promise<void> {
    this.#disk = new Map(this.#noted);
  }

  #saveSoon(): void {
    if (this.#saving) return;
    this.#saving = true;
    this.#time.after(savedAfterMs, () => {
      this.#saving = false;
      this.#disk = new Map(this.#noted);
    });
  }
}
