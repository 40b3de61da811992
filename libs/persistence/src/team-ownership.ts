import type { ClusterSelector, OwnedNamespaces } from '@ambit/domain';

/** The namespaces that a team owns. */
export interface TeamOwnership {
  readonly name: string;
  readonly owns: readonly OwnedNamespaces[];
}

/** A grant to a team that means the namespaces which the team owns in these clusters. */
export interface OwnedGrant {
  readonly name: string;
  readonly clusters: ClusterSelector;
}

/** What teams own, and who relies on it. Who asks beside a transaction that asked waits until that is over. */
export interface TeamStore {
  /** What the other teams own, without those that own nothing. */
  othersThan(name: string): Promise<readonly TeamOwnership[]>;
  /** What the teams with these uids own. */
  owning(uids: readonly string[]): Promise<readonly TeamOwnership[]>;
  /** Grants that mean what the team owns. */
  grantsOnOwned(name: string): Promise<readonly OwnedGrant[]>;
  /** Names of objects by their uids, without those that are gone. */
  namesOf(uids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
