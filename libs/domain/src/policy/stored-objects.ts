import type {
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyRole,
  PolicyUser,
} from '../policy-objects.ts';
import { PolicyStore } from './policy-store.ts';

/** What a policy tells of its objects alone: see `PolicyView`. */
export class StoredObjects {
  protected readonly store = new PolicyStore();

  user(uid: string): PolicyUser | undefined {
    return this.store.users.get(uid);
  }

  group(uid: string): PolicyGroup | undefined {
    return this.store.groups.get(uid);
  }

  role(uid: string): PolicyRole | undefined {
    return this.store.roles.get(uid);
  }

  grant(uid: string): PolicyGrant | undefined {
    return this.store.grants.get(uid);
  }

  cluster(uid: string): PolicyCluster | undefined {
    return this.store.clusters.get(uid);
  }

  byName(kind: string, name: string): PolicyObject | undefined {
    return this.store.byName(kind, name);
  }

  names(kind: string): Iterable<string> {
    return this.store.namesOf(kind);
  }

  clusters(): Iterable<PolicyCluster> {
    return this.store.clusters.values();
  }

  users(): Iterable<PolicyUser> {
    return this.store.users.values();
  }

  roles(): Iterable<PolicyRole> {
    return this.store.roles.values();
  }

  grants(): Iterable<PolicyGrant> {
    return this.store.grants.values();
  }

  membersOf(groupUid: string): ReadonlySet<string> {
    return this.store.membersOfGroup.get(groupUid);
  }

  groupsOf(userUid: string): ReadonlySet<string> {
    return this.store.groupsOfUser.get(userUid);
  }

  grantsNaming(kind: 'User' | 'Group' | 'Role' | 'Cluster', uid: string): Iterable<PolicyGrant> {
    return this.store.grantsOf(this.store.grantsNaming[kind].get(uid));
  }

  endedGrantsNaming(subjectUid: string): Iterable<PolicyGrant> {
    return this.store.grantsOf(this.store.endedGrantsNaming.get(subjectUid));
  }
}
