import type {
  PolicyCluster,
  PolicyGrant,
  PolicyGroup,
  PolicyObject,
  PolicyRole,
  PolicyTeam,
  PolicyUser,
} from '../policy-objects.ts';
import { writtenGrant, type CompiledGrant } from './compiled-grant.ts';
import { PolicyStore } from './policy-store.ts';

/** Kinds whose objects grants refer to. */
type ReferredKind = keyof PolicyStore['grantsNaming'];

function names({ subjects, scope }: PolicyGrant, kind: ReferredKind, uid: string): boolean {
  if (kind === 'Role') return true;
  if (kind !== 'Cluster') return subjects.some((subject) => subject.uid === uid);
  return scope.clusters.type === 'names' && scope.clusters.uids.includes(uid);
}

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

  team(uid: string): PolicyTeam | undefined {
    return this.store.teams.get(uid);
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

  get teamGroups(): ReadonlySet<string> {
    return this.store.teamGroups;
  }

  conditioned(grantUid: string): readonly PolicyGroup[] {
    return this.store.conditioned(grantUid);
  }

  get hasConditions(): boolean {
    return this.store.conditionalOf.size > 0;
  }

  *conditionalNaming(subjectUid: string): Iterable<PolicyGrant> {
    for (const uid of this.store.conditionalOf.get(subjectUid)) {
      const grant = this.store.grants.get(uid);
      if (grant !== undefined) yield grant;
    }
  }

  teamsOf(memberUid: string): ReadonlySet<string> {
    return this.store.teamsOfMember.get(memberUid);
  }

  *grantsNaming(kind: ReferredKind, uid: string): Iterable<PolicyGrant> {
    const told = new Set<PolicyGrant>();
    for (const uids of [
      this.store.grantsNaming[kind].get(uid),
      this.store.conditionalOf.get(uid),
    ]) {
      for (const compiled of this.store.grantsOf(uids)) {
        const grant = writtenGrant(compiled);
        // A part of a grant names whoever is in its teams, and the clusters where they own something.
        if (told.has(grant) || !names(grant, kind, uid)) continue;
        told.add(grant);
        yield grant;
      }
    }
  }

  endedGrantsNaming(subjectUid: string): Iterable<CompiledGrant> {
    return this.store.grantsOf(this.store.endedGrantsNaming.get(subjectUid));
  }
}
