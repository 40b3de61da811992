import type { Touched } from '@ambit/domain';
import type { Millis } from '@ambit/kernel';

/** What commits did to one cluster that its stream has not been told yet. */
export interface Delivered {
  /** Of the last of them. */
  readonly revision: number;
  readonly keys: ReadonlySet<string>;
  /** When the first of them was known here; monotonic. */
  readonly at: Millis;
}

/**
 * A commit that touches no more clusters than this is with all of them before anything else happens; of a larger one so
 * many are told together.
 */
const atOnce = 32;
/** How long the streams of a larger one are served before whoever else waits for this process gets a turn. */
const sliceMs: Millis = 4;

interface DeliveryPorts {
  /** Monotonic. */
  readonly now: () => Millis;
  /** True while the policy is between two revisions, so that nobody can be told what holds. */
  readonly waits: () => boolean;
}

/**
 * Brings commits to the streams they touch: a small one in the turn in which it is heard, whatever else is under way; a
 * large one in slices, so that nobody else waits for all of it. What a cluster has not been told merges, and nothing is
 * told twice.
 */
export class Delivery {
  readonly #deliver: (told: ReadonlyMap<string, Delivered>) => void;
  readonly #ports: DeliveryPorts;
  readonly #waiting = new Map<string, Delivered>();
  #planned = false;

  constructor(deliver: (told: ReadonlyMap<string, Delivered>) => void, ports: DeliveryPorts) {
    this.#deliver = deliver;
    this.#ports = ports;
  }

  /** `touched`: of clusters that have a stream. */
  commit(revision: number, touched: Touched): void {
    const at = this.#ports.now();
    for (const [clusterUid, keys] of touched) this.#add(clusterUid, { revision, keys, at });
    if (touched.size <= atOnce) this.#take([...touched.keys()]);
    this.#plan();
  }

  /** What is not told yet is of no use to a stream that begins with the policy as it is now. */
  forget(clusterUid: string): void {
    this.#waiting.delete(clusterUid);
  }

  #add(clusterUid: string, { revision, keys, at }: Delivered): void {
    const known = this.#waiting.get(clusterUid);
    const all = known === undefined ? keys : new Set([...known.keys, ...keys]);
    this.#waiting.set(clusterUid, { revision, keys: all, at: known?.at ?? at });
  }

  #take(clusterUids: readonly string[]): void {
    const told = new Map<string, Delivered>();
    for (const clusterUid of clusterUids) {
      const what = this.#waiting.get(clusterUid);
      if (what === undefined) continue;
      this.#waiting.delete(clusterUid);
      told.set(clusterUid, what);
    }
    if (told.size > 0) this.#deliver(told);
  }

  #plan(): void {
    if (this.#planned || this.#waiting.size === 0) return;
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      if (!this.#ports.waits()) this.#slice();
      this.#plan();
    });
  }

  #slice(): void {
    const until = this.#ports.now() + sliceMs;
    const all = [...this.#waiting.keys()];
    for (let from = 0; from < all.length; from += atOnce) {
      this.#take(all.slice(from, from + atOnce));
      if (this.#ports.now() >= until) return;
    }
  }
}
