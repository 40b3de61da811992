import type { FeedCommit } from '@ambit/persistence';

interface Commits {
  subscribe(listener: (commit: FeedCommit) => void): () => void;
}

/** Revocations remembered for streams whose record was read just before. */
const remembered = 10_000;

/**
 * Cuts what a revoked agent holds open here, in the turn in which this replica hears of the revocation, whichever
 * replica made it.
 */
export class RevocationWatch {
  readonly #cuts = new Map<string, Set<() => void>>();
  readonly #revoked = new Set<string>();

  constructor(commits: Commits) {
    commits.subscribe((commit) => {
      for (const { kind, uid } of commit.revoked) if (kind === 'Agent') this.#cut(uid);
    });
  }

  /**
   * Calls `cut` once when the agent is revoked, at once when that happened since its record was read. Gives the
   * function that ends the watch.
   */
  watch(agentUid: string, cut: () => void): () => void {
    if (this.#revoked.has(agentUid)) {
      cut();
      return () => undefined;
    }
    const cuts = this.#cuts.get(agentUid) ?? new Set();
    this.#cuts.set(agentUid, cuts.add(cut));
    return () => {
      cuts.delete(cut);
      if (cuts.size === 0 && this.#cuts.get(agentUid) === cuts) this.#cuts.delete(agentUid);
    };
  }

  #cut(agentUid: string): void {
    this.#revoked.add(agentUid);
    const [oldest] = this.#revoked;
    if (this.#revoked.size > remembered && oldest !== undefined) this.#revoked.delete(oldest);
    const cuts = this.#cuts.get(agentUid);
    this.#cuts.delete(agentUid);
    for (const cut of cuts ?? []) cut();
  }
}
