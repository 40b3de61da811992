import type { FeedCommit, RevokedCredential } from '@ambit/persistence';
import { LRUCache } from 'lru-cache';

interface Commits {
  subscribe(listener: (commit: FeedCommit) => void): () => void;
}

/** Revocations remembered for streams whose record was read just before. */
const remembered = 10_000;

/**
 * Cuts what a revoked agent, token or session holds open here, in the turn in which this replica hears of the revocation, whichever
 * replica made it.
 */
export class RevocationWatch {
  readonly #cuts = new Map<string, Set<() => void>>();
  readonly #revoked = new LRUCache<string, true>({ max: remembered });

  constructor(commits: Commits, ...of: RevokedCredential['kind'][]) {
    commits.subscribe((commit) => {
      for (const { kind, uid } of commit.revoked) if (of.includes(kind)) this.#cut(uid);
    });
  }

  /**
   * Calls `cut` once when the credential is revoked, at once when that happened since its record was read. Gives the
   * function that ends the watch.
   */
  watch(uid: string, cut: () => void): () => void {
    if (this.#revoked.has(uid)) {
      cut();
      return () => undefined;
    }
    const cuts = this.#cuts.get(uid) ?? new Set();
    this.#cuts.set(uid, cuts.add(cut));
    return () => {
      cuts.delete(cut);
      if (cuts.size === 0 && this.#cuts.get(uid) === cuts) this.#cuts.delete(uid);
    };
  }

  #cut(uid: string): void {
    this.#revoked.set(uid, true);
    const cuts = this.#cuts.get(uid);
    this.#cuts.delete(uid);
    for (const cut of cuts ?? []) cut();
  }
}
