import type { ClusterSelector, OwnedNamespaces, PolicyGrant } from '@ambit/domain';

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

/** Access that a grant gives a team. */
export type AccessOfTeam = Pick<PolicyGrant, 'name' | 'roleUid' | 'scope'>;

/** Rights in Ambit itself that a Delegation gives a team. */
export interface TeamRights {
  readonly delegation: string;
  readonly role: string;
  /** uid of the team that is looked after by it. */
  readonly team?: string;
}

/** What teams own, and who relies on it. Who asks beside a transaction that asked waits until that is over. */
export interface TeamStore {
  /** What the other teams own, without those that own nothing. */
  othersThan(name: string): Promise<readonly TeamOwnership[]>;
  /** What the teams with these uids own. */
  owning(uids: readonly string[]): Promise<readonly TeamOwnership[]>;
  /** Grants that mean what the team owns. */
  grantsOnOwned(name: string): Promise<readonly OwnedGrant[]>;
  /** The users among these who are in the team, by name or through a group. */
  usersIn(teamUid: string, userUids: readonly string[]): Promise<ReadonlySet<string>>;
  /** What grants in force or to come give the team. */
  accessOf(teamUid: string): Promise<readonly AccessOfTeam[]>;
  rightsOf(teamUid: string): Promise<readonly TeamRights[]>;
  /** Names of the teams whose namespaces are kept by this profile. */
  keptBy(profileUid: string): Promise<readonly string[]>;
  /** Names of objects by their uids, without those that are gone. */
  namesOf(uids: readonly string[]): Promise<ReadonlyMap<string, string>>;
}
