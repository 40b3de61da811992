import type { ReportedFacts } from '@ambit/domain';
import type { ClusterTold } from '@ambit/persistence';
import type { ResourceCatalog } from '@ambit/rbac';

/** What an agent told of its cluster, ready to be asked. */
export interface ToldFacts {
  readonly facts: ReportedFacts;
  readonly catalog?: ResourceCatalog;
}

interface Kept {
  readonly version: string;
  readonly told: ToldFacts;
  readonly weight: number;
}

/** Namespaces, roles and resources kept of all clusters together: about half a gigabyte at worst, a tenth of it usually. */
const mostItems = 500_000;

/** What clusters told, by version; when it is too much, what was not asked for longest is forgotten. */
export class ToldMemory {
  readonly #kept = new Map<string, Kept>();
  readonly #most: number;
  #weight = 0;

  constructor(most = mostItems) {
    this.#most = most;
  }

  /** Undefined when nothing of this version is kept. */
  get(clusterUid: string, version: string): ToldFacts | undefined {
    const kept = this.#kept.get(clusterUid);
    if (kept?.version !== version) return undefined;
    this.#kept.delete(clusterUid);
    this.#kept.set(clusterUid, kept);
    return kept.told;
  }

  keep({ clusterUid, version, ...told }: ClusterTold, ready: ToldFacts): void {
    this.#forget(clusterUid);
    const { namespaces, clusterRoles, resources } = told;
    const weight = 1 + namespaces.length + clusterRoles.length + (resources?.length ?? 0);
    this.#kept.set(clusterUid, { version, told: ready, weight });
    this.#weight += weight;
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
