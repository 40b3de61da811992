import type { PolicyGrant, PolicyTeam } from '../policy-objects.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import type { GrantLinks } from './grant-links.ts';
import type { PolicyStore } from './policy-store.ts';

/** Carries changes of grants, and of the teams they name, into store and links: a grant is linked as it is compiled. */
export class GrantChanges {
  private readonly store: PolicyStore;
  private readonly index: ClusterIndex;
  private readonly links: GrantLinks;

  constructor(store: PolicyStore, index: ClusterIndex, links: GrantLinks) {
    this.store = store;
    this.index = index;
    this.links = links;
  }

  put(grant: PolicyGrant, record: CommitRecord): void {
    this.unlink(grant.uid, record);
    this.store.put(grant);
    this.link(grant.uid, record);
  }

  remove({ uid }: PolicyGrant, record: CommitRecord): void {
    this.unlink(uid, record);
    this.store.remove('Grant', uid);
  }

  /** What says nothing else of members and namespaces touches no cluster. */
  putTeam(team: PolicyTeam, record: CommitRecord): void {
    const before = this.store.teams.get(team.uid);
    if (before !== undefined && saysTheSame(before, team)) this.store.put(team);
    else this.around(team, record, () => this.store.put(team));
  }

  removeTeam(team: PolicyTeam, record: CommitRecord): void {
    this.around(team, record, () => this.store.remove('Team', team.uid));
  }

  private around({ uid }: PolicyTeam, record: CommitRecord, change: () => void): void {
    const grants = [...this.store.grantsOfTeam.get(uid)];
    for (const grant of grants) this.unlink(grant, record);
    change();
    for (const grant of grants) this.link(grant, record);
  }

  private link(grantUid: string, record: CommitRecord): void {
    for (const part of this.store.partsOf(grantUid)) {
      this.index.indexGrant(part, 'add');
      this.links.link(part.uid, record);
    }
  }

  private unlink(grantUid: string, record: CommitRecord): void {
    for (const part of this.store.partsOf(grantUid)) {
      this.links.unlink(part.uid, record);
      this.index.indexGrant(part, 'delete');
    }
  }
}

const saysTheSame = (a: PolicyTeam, b: PolicyTeam): boolean =>
  JSON.stringify([a.members, a.owns]) === JSON.stringify([b.members, b.owns]);
