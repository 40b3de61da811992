import type { Millis } from '@ambit/kernel';

interface Flip {
  readonly instanceId: string;
  readonly at: Millis;
}

/** Flips of identity in ten minutes above which two agents are taken to share one. */
const allowed = 3;
const windowMs = 10 * 60_000;

/** Notices two processes that take turns with one identity. */
export class IdentityFlips {
  readonly #recent = new Map<string, readonly Flip[]>();

  /** True when processes of this cluster's agent change places too often; a process that comes back alone never counts. */
  note(clusterUid: string, instanceId: string, at: Millis): boolean {
    const recent = (this.#recent.get(clusterUid) ?? []).filter((flip) => at - flip.at < windowMs);
    const flips =
      recent.at(-1)?.instanceId === instanceId ? recent : [...recent, { instanceId, at }];
    this.#recent.set(clusterUid, flips);
    const instances = new Set(flips.map((flip) => flip.instanceId)).size;
    return flips.length - 1 > allowed && instances < flips.length;
  }

  forget(clusterUid: string): void {
    this.#recent.delete(clusterUid);
  }
}
