import { compareText, type Digests } from '@ambit/kernel';
import type { BindingIntent, SubjectMode } from '@ambit/rbac';
import { subjectModeOf } from '../names/cluster-naming.ts';
import { groupOfSubject, groupSubject } from '../names/group-subject.ts';
import type { GrantSubject, PolicyCluster } from '../policy-objects.ts';
import { bindingIntent } from './binding-intent.ts';
import { bindingKey } from './family.ts';
import type { FamilyInstance } from './family-instance.ts';
import type { FamilyTable } from './family-table.ts';
import {
  nothingRendered,
  type FamilyEntries,
  type FamilyPlace,
  type Rendered,
} from './instance-surroundings.ts';
import type { PolicyStore } from './policy-store.ts';
import { SetIndex } from './set-index.ts';
import { sameEntry } from './settle-commit.ts';
import { ShardTree } from './shard-tree.ts';

interface Told {
  readonly families: Map<string, Rendered>;
  readonly entries: Map<string, BindingIntent>;
  /** Names of groups, each with how many entries name it. */
  readonly groups: Map<string, number>;
}

const none: ReadonlyMap<string, number> = new Map();

interface Surroundings {
  readonly store: PolicyStore;
  readonly table: FamilyTable;
  readonly digests: Digests;
  readonly digestOf: (subject: string) => Uint8Array;
}

/** A name in a cluster, and the names of the grants that give it something. */
interface Subject {
  readonly subject: string;
  readonly grants: Set<string>;
}

/**
 * The bindings of clusters as their modes want them. In mode Groups they name the groups of the grants and not who is in them, so that who comes
 * and goes changes none of them. Whom the same grants name alone is named as a person there too. Who holds what is
 * counted as everywhere, by people.
 */
export class GroupedBindings {
  private readonly around: Surroundings;
  private readonly told = new Map<string, Told>();
  /** Clusters, by the name of a group. */
  private readonly boundIn = new SetIndex();

  constructor(around: Surroundings) {
    this.around = around;
  }

  /** Of a policy that was just loaded: by cluster, how many entries each has. */
  *load(): Iterable<readonly [clusterUid: string, entries: number]> {
    const { store, table } = this.around;
    for (const cluster of store.clusters.values()) {
      if (subjectModeOf(cluster) !== 'Groups') continue;
      for (const { family } of table.of(cluster.uid)) {
        this.keep(cluster.uid, family.text, this.now(cluster.uid, family.text));
      }
      yield [cluster.uid, this.told.get(cluster.uid)?.entries.size ?? 0];
    }
  }

  /** Every BINDING entry of a cluster, by key. */
  of(clusterUid: string): readonly BindingIntent[] {
    if (!this.namesGroups(clusterUid)) return this.around.table.bindingsOf(clusterUid);
    const entries = [...(this.told.get(clusterUid)?.entries.values() ?? [])];
    return entries.sort((a, b) => compareText(a.key, b.key));
  }

  entry(clusterUid: string, key: string): BindingIntent | undefined {
    if (!this.namesGroups(clusterUid)) return this.around.table.entry(clusterUid, key);
    return this.told.get(clusterUid)?.entries.get(key);
  }

  /** Names of the groups that its entries name, as of the last commit that is settled. */
  groupsIn(clusterUid: string): ReadonlyMap<string, number> {
    return this.told.get(clusterUid)?.groups ?? none;
  }

  /** The other way round: uids of the clusters whose entries name a group. */
  clustersBinding(group: string): ReadonlySet<string> {
    return this.boundIn.get(group);
  }

  /**
   * What a cluster holds of a family before and after a commit that put it in question. `mode`: that of the
   * cluster before it, when it changed the cluster itself. `people`: the same by people.
   */
  settle(where: FamilyPlace, mode: SubjectMode | undefined, people: FamilyEntries): FamilyEntries {
    const is = this.modeOf(where.cluster);
    const was = mode ?? is;
    if (was !== 'Groups' && is !== 'Groups') return people;
    const { before, after } = this.renewed(where, is);
    return {
      before: was === 'Groups' ? before : people.before,
      after: is === 'Groups' ? after : people.after,
    };
  }

  private renewed({ cluster, family }: FamilyPlace, is: SubjectMode): FamilyEntries {
    const before = this.told.get(cluster)?.families.get(family) ?? nothingRendered;
    const after = is === 'Groups' ? this.now(cluster, family) : nothingRendered;
    if (sameRendered(before, after)) return { before, after: before };
    this.keep(cluster, family, after);
    return { before, after };
  }

  private namesGroups(clusterUid: string): boolean {
    return this.modeOf(clusterUid) === 'Groups';
  }

  private modeOf(clusterUid: string): SubjectMode {
    const cluster = this.around.store.clusters.get(clusterUid);
    return cluster === undefined ? 'Users' : subjectModeOf(cluster);
  }

  private keep(cluster: string, family: string, rendered: Rendered): void {
    const told = this.told.get(cluster) ?? {
      families: new Map(),
      entries: new Map(),
      groups: new Map(),
    };
    this.told.set(cluster, told);
    for (const [key, entry] of told.families.get(family) ?? []) {
      told.entries.delete(key);
      this.countGroups(cluster, told, entry, -1);
    }
    for (const [key, entry] of rendered) {
      told.entries.set(key, entry);
      this.countGroups(cluster, told, entry, 1);
    }
    if (rendered.size > 0) told.families.set(family, rendered);
    else told.families.delete(family);
    if (told.families.size === 0) this.told.delete(cluster);
  }

  private countGroups(
    cluster: string,
    { groups }: Told,
    { subjectKind, subjects }: BindingIntent,
    by: 1 | -1,
  ): void {
    if (subjectKind !== 'Groups') return;
    for (const group of subjects.map(groupOfSubject)) {
      const count = (groups.get(group) ?? 0) + by;
      if (count === 0) {
        groups.delete(group);
        this.boundIn.delete(group, cluster);
      } else {
        groups.set(group, count);
        this.boundIn.add(group, cluster);
      }
    }
  }

  private now(clusterUid: string, familyText: string): Rendered {
    const { store, table } = this.around;
    const cluster = store.clusters.get(clusterUid);
    const instance = table.at(clusterUid, familyText);
    if (cluster === undefined || instance === undefined) return nothingRendered;
    const entries = (['Users', 'Groups'] as const).flatMap((of) =>
      this.entriesOf(instance, of, this.subjectsOf(cluster, instance, of)),
    );
    return new Map(entries.map((entry) => [entry.key, entry]));
  }

  private subjectsOf(
    cluster: PolicyCluster,
    instance: FamilyInstance,
    of: SubjectMode,
  ): Iterable<Subject> {
    const found = new Map<string, Subject>();
    for (const grant of this.around.store.grantsOf(instance.grantUids())) {
      for (const { kind, uid } of grant.subjects) {
        const name = of === `${kind}s` ? this.nameOf(kind, uid) : undefined;
        if (name === undefined) continue;
        const subject = cluster.userPrefix + name;
        const known = found.get(subject) ?? { subject, grants: new Set() };
        found.set(subject, known);
        known.grants.add(grant.name);
      }
    }
    return found.values();
  }

  private nameOf(kind: GrantSubject['kind'], uid: string): string | undefined {
    const { users, groups } = this.around.store;
    if (kind === 'User') return users.get(uid)?.name;
    const group = groups.get(uid);
    return group && groupSubject(group.name);
  }

  private entriesOf(
    { family }: FamilyInstance,
    of: SubjectMode,
    subjects: Iterable<Subject>,
  ): BindingIntent[] {
    const { digests, digestOf } = this.around;
    const tree = new ShardTree<Subject>(digestOf);
    for (const subject of subjects) tree.insert(subject);
    return Array.from(tree.dirty).flatMap((shard) => {
      const members = [...(tree.shard(shard) ?? [])];
      if (members.length === 0) return [];
      const grants = new Set(members.flatMap((member) => [...member.grants]));
      const key = bindingKey(family, shard, digests, of);
      const names = members.map(({ subject }) => subject);
      return [bindingIntent(family, { key, shard, of }, { subjects: names, grants: [...grants] })];
    });
  }
}

function sameRendered(a: Rendered, b: Rendered): boolean {
  if (a.size !== b.size) return false;
  return Array.from(a).every(([key, entry]) => sameEntry(entry, b.get(key)));
}
