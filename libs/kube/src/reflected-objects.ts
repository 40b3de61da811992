import { keyText } from './resources.ts';
import type { KubeObject, ObjectName } from './resources.ts';

export interface KnownObject {
  readonly uid: string;
  /** Last version that was told; empty when the telling failed for good, so that the next relist tells it again. */
  readonly resourceVersion: string;
  /** Was its being there ever told? */
  readonly told: boolean;
  /** The relist that saw it last. */
  readonly seenIn: number;
}

/** What a reflector must remember: which objects it has told about, in which version. Never the objects. */
export class ReflectedObjects {
  readonly #byKey = new Map<string, KnownObject>();
  #listing = 0;

  get size(): number {
    return this.#byKey.size;
  }

  get(key: ObjectName): KnownObject | undefined {
    return this.#byKey.get(keyText(key));
  }

  set(object: KubeObject, state: Pick<KnownObject, 'resourceVersion' | 'told'>): void {
    this.#byKey.set(keyText(object.metadata), {
      uid: object.metadata.uid ?? '',
      ...state,
      seenIn: this.#listing,
    });
  }

  delete(key: ObjectName): void {
    this.#byKey.delete(keyText(key));
  }

  beginListing(): void {
    this.#listing += 1;
  }

  /** Marks an unchanged object as still there. */
  see(key: ObjectName): void {
    const known = this.get(key);
    if (known !== undefined) this.#byKey.set(keyText(key), { ...known, seenIn: this.#listing });
  }

  /** What the listing that began last has not seen. */
  missing(): { readonly key: ObjectName; readonly known: KnownObject }[] {
    const missing = [];
    for (const [text, known] of this.#byKey) {
      if (known.seenIn !== this.#listing) missing.push({ key: keyFromText(text), known });
    }
    return missing;
  }
}

function keyFromText(text: string): ObjectName {
  const slash = text.indexOf('/');
  return slash === -1
    ? { name: text }
    : { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}
