interface Kept<T> {
  readonly version: string;
  readonly value: T;
  readonly weight: number;
}

/** What is known of each cluster, by version; when it is too much, what was not asked for longest is forgotten. */
export class VersionMemory<T> {
  readonly #kept = new Map<string, Kept<T>>();
  readonly #most: number;
  #weight = 0;

  /** `most`: weight of all clusters together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Undefined when nothing of this version is kept. */
  get(clusterUid: string, version: string): T | undefined {
    const kept = this.#kept.get(clusterUid);
    if (kept?.version !== version) return undefined;
    this.#kept.delete(clusterUid);
    this.#kept.set(clusterUid, kept);
    return kept.value;
  }

  keep(clusterUid: string, kept: Kept<T>): void {
    this.#forget(clusterUid);
    this.#kept.set(clusterUid, kept);
    this.#weight += kept.weight;
    for (const oldest of this.#kept.keys()) {
      if (this.#weight <= this.#most) break;
      this.#forget(oldest);
    }
  }

  #forget(clusterUid: string): void {
    this.#weight -= this.#kept.get(clusterUid)?.weight ?? 0;
    this.#kept.delete(clusterUid);
  }
}
