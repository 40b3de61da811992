import type { PolicyGrant, PolicyGroup, PolicyTeam } from '../policy-objects.ts';
import type { ClusterIndex } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import type { GrantLinks } from './grant-links.ts';
import type { CompiledGrant } from './compiled-grant.ts';
import { partsThatDiffer } from './grant-parts.ts';
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
    this.unlink(this.store.partsOf(grant.uid), record);
    this.store.put(grant);
    this.link(this.store.partsOf(grant.uid), record);
  }

  remove({ uid }: PolicyGrant, record: CommitRecord): void {
    this.unlink(this.store.partsOf(uid), record);
    this.store.remove('Grant', uid);
  }

  putTeam(team: PolicyTeam, record: CommitRecord): void {
    this.aroundTeam(team.uid, record, team, () => this.store.put(team));
  }

  removeTeam({ uid }: PolicyTeam, record: CommitRecord): void {
    this.aroundTeam(uid, record, undefined, () => this.store.remove('Team', uid));
  }

  /** A group for whom the condition of a grant holds comes, changes or, without `next`, goes. */
  aroundCondition(
    { uid, condition }: PolicyGroup,
    record: CommitRecord,
    next: PolicyGroup | undefined,
    change: () => void,
  ): void {
    const grant = condition?.grantUid ?? '';
    this.around(this.store.partsOf(grant), this.store.partsWithGroup(grant, uid, next), {
      record,
      change,
    });
  }

  private aroundTeam(
    uid: string,
    record: CommitRecord,
    next: PolicyTeam | undefined,
    change: () => void,
  ): void {
    const grants = [...this.store.grantsOfTeam.get(uid)];
    const before = grants.flatMap((grant) => this.store.partsOf(grant));
    const after = grants.flatMap((grant) => this.store.partsWith(grant, uid, next));
    this.around(before, after, { record, change });
  }

  /** Parts of grants that stay as they are stay linked, so that their clusters are not touched. */
  private around(
    before: readonly CompiledGrant[],
    after: readonly CompiledGrant[],
    { record, change }: { readonly record: CommitRecord; readonly change: () => void },
  ): void {
    this.unlink(partsThatDiffer(before, after), record);
    change();
    this.link(partsThatDiffer(after, before), record);
  }

  private link(parts: readonly CompiledGrant[], record: CommitRecord): void {
    for (const part of parts) {
      this.index.indexGrant(part, 'add');
      this.links.link(part.uid, record);
    }
  }

  private unlink(parts: readonly CompiledGrant[], record: CommitRecord): void {
    for (const part of parts) {
      this.links.unlink(part.uid, record);
      this.index.indexGrant(part, 'delete');
    }
  }
}
