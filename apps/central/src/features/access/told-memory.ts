import type { ReportedFacts } from '@ambit/domain';
import type { ClusterTold } from '@ambit/persistence';
import type { ResourceCatalog } from '@ambit/rbac';
import { VersionMemory } from './version-memory.ts';

/** What an agent told of its cluster, ready to be asked. */
export interface ToldFacts {
  readonly facts: ReportedFacts;
  readonly catalog?: ResourceCatalog;
}

/** Namespaces, roles and resources kept of all clusters together: about half a gigabyte at worst, a tenth of it usually. */
const mostItems = 500_000;

/** What clusters told. */
export class ToldMemory {
  readonly #memory: VersionMemory<ToldFacts>;

  constructor(most = mostItems) {
    this.#memory = new VersionMemory(most);
  }

  /** Undefined when nothing of this version is kept. */
  get(clusterUid: string, version: string): ToldFacts | undefined {
    return this.#memory.get(clusterUid, version);
  }

  keep({ clusterUid, version, ...told }: ClusterTold, value: ToldFacts): void {
    const { namespaces, clusterRoles, resources } = told;
    const weight = 1 + namespaces.length + clusterRoles.length + (resources?.length ?? 0);
    this.#memory.keep(clusterUid, { version, value, weight });
  }
}
