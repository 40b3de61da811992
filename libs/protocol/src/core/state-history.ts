import { bytesEqual } from '@ambit/kernel';

interface Step {
  /** Root before the change. */
  readonly root: Uint8Array;
  readonly keys: readonly string[];
}

/** The last changes of one cluster's state, so that an agent that was away a while gets a delta. */
export class StateHistory {
  #steps: Step[] = [];
  readonly #most: number;

  /** Keeps at most `most` changes. */
  constructor(most = 64) {
    this.#most = most;
  }

  record(rootBefore: Uint8Array, keys: Iterable<string>): void {
    this.#steps.push({ root: rootBefore, keys: [...keys] });
    if (this.#steps.length > this.#most) this.#steps = this.#steps.slice(-this.#most);
  }

  /** Every key changed since the state had this root; undefined when it is not known. */
  changedSince(root: Uint8Array): Set<string> | undefined {
    const from = this.#steps.findLastIndex((step) => bytesEqual(step.root, root));
    if (from < 0) return undefined;
    return new Set(this.#steps.slice(from).flatMap((step) => step.keys));
  }
}
