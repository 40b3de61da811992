import type { OwnedNamespaces } from '@ambit/domain';

/** The namespaces that a team owns. */
export interface TeamOwnership {
  readonly name: string;
  readonly owns: readonly OwnedNamespaces[];
}

export interface TeamStore {
  /** What the other teams own, without those that own nothing. Who asks beside this waits until the transaction is over. */
  othersThan(name: string): Promise<readonly TeamOwnership[]>;
}
