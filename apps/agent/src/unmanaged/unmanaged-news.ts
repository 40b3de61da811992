import type { wire } from '@ambit/protocol';
import type { ObjectKey } from '@ambit/rbac';
import { allUnmanaged, changedUnmanaged } from './unmanaged-messages.ts';
import type { UnmanagedObjects } from './unmanaged-objects.ts';
import type { UnmanagedWatch } from './unmanaged-watch.ts';

/** What of all that is not ours is still to be told on a stream: everything once, then what changed since. */
export class UnmanagedNews {
  readonly #objects: UnmanagedObjects;
  readonly #watch: Pick<UnmanagedWatch, 'listed' | 'onListed'>;
  readonly #changed = new Set<ObjectKey>();
  #everything = true;

  constructor(objects: UnmanagedObjects, watch: Pick<UnmanagedWatch, 'listed' | 'onListed'>) {
    this.#objects = objects;
    this.#watch = watch;
    objects.onChange((key) => {
      if (!this.#everything) this.#changed.add(key);
    });
  }

  /** Called when there is something to tell. */
  onNews(listener: () => void): void {
    this.#watch.onListed(listener);
    this.#objects.onChange(() => this.pending && listener());
  }

  get pending(): boolean {
    return this.#watch.listed && (this.#everything || this.#changed.size > 0);
  }

  /** A new stream: nothing of it was told there. */
  begin(): void {
    this.#everything = true;
    this.#changed.clear();
  }

  /** What there is to tell, and counts as told from now on. */
  take(): Iterable<wire.AgentMessage> {
    if (!this.pending) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    if (!this.#everything) return changedUnmanaged(this.#objects, changed);
    this.#everything = false;
    return allUnmanaged(this.#objects);
  }
}
