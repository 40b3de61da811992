import { compareText } from '@ambit/kernel';
import type { NamespaceEntry, ProfileEntry } from '@ambit/rbac';
import type { PolicyChange, PolicyCluster, PolicyObject, PolicyTeam } from '../policy-objects.ts';
import { namespaceKey, profileEntry, profileKey } from '../teams/namespace-profile.ts';
import { selectsCluster } from './cluster-index.ts';
import type { CommitRecord } from './commit-record.ts';
import type { PolicyStore } from './policy-store.ts';

type Entry = ProfileEntry | NamespaceEntry;
type Entries = ReadonlyMap<string, Entry>;

/**
 * Namespaces of teams that have a profile, in the clusters where the team owns them, and these profiles. Worked out for a
 * cluster when somebody asks, and kept until a team, a profile or the cluster is another one.
 */
export class NamespacesOfTeams {
  readonly #store: PolicyStore;
  readonly #known = new Map<string, Entries>();

  constructor(store: PolicyStore) {
    this.#store = store;
  }

  /** By key; the profiles first. */
  of(cluster: PolicyCluster): Entries {
    let entries = this.#known.get(cluster.uid);
    if (entries === undefined) this.#known.set(cluster.uid, (entries = this.#compile(cluster)));
    return entries;
  }

  count(cluster: PolicyCluster | undefined, section: Entry['section']): number {
    if (cluster === undefined) return 0;
    let count = 0;
    for (const entry of this.of(cluster).values()) if (entry.section === section) count++;
    return count;
  }

  /** Notes the entries that a change puts in question. Call before it is made. */
  note(change: PolicyChange, record: CommitRecord): void {
    const { kind, uid } = change.op === 'put' ? change.object : change;
    const after = change.op === 'put' ? change.object : undefined;
    if (kind === 'Team') this.#noteTeams([this.#store.teams.get(uid), teamOf(after)], record);
    else if (kind === 'Cluster') this.#noteCluster(uid, clusterOf(after), record);
    else if (kind === 'Plain') this.#noteProfile(uid, record);
  }

  /** Of plain objects teams name profiles alone: whatever else it is, no team is found. */
  #noteProfile(uid: string, record: CommitRecord): void {
    const teams = [...this.#store.teamsOfProfile.get(uid)];
    this.#noteTeams(
      teams.map((team) => this.#store.teams.get(team)),
      record,
    );
  }

  #noteTeams(teams: readonly (PolicyTeam | undefined)[], record: CommitRecord): void {
    const kept = teams.flatMap((team) => (team?.profile === undefined ? [] : [team]));
    if (kept.length === 0) return;
    for (const cluster of this.#store.clusters.values()) {
      const keys = kept.flatMap((team) => keysOf(team, cluster));
      if (keys.length > 0) this.#note(cluster, keys, record);
    }
  }

  #noteCluster(uid: string, after: PolicyCluster | undefined, record: CommitRecord): void {
    const before = this.#store.clusters.get(uid);
    const kept = [...this.#keptTeams()];
    if (kept.length === 0 && (before === undefined || this.of(before).size === 0)) return;
    const sides = [before, after].flatMap((cluster) => cluster ?? []);
    const keys = sides.flatMap((cluster) => kept.flatMap((team) => keysOf(team, cluster)));
    const entries: Entries = before === undefined ? new Map() : this.of(before);
    for (const key of new Set(keys)) record.single(uid, key, () => entries.get(key));
    this.#known.delete(uid);
  }

  #note(cluster: PolicyCluster, keys: readonly string[], record: CommitRecord): void {
    const entries = this.of(cluster);
    for (const key of new Set(keys)) record.single(cluster.uid, key, () => entries.get(key));
    this.#known.delete(cluster.uid);
  }

  *#keptTeams(): Iterable<PolicyTeam> {
    for (const profile of this.#store.profiles.keys()) {
      for (const uid of this.#store.teamsOfProfile.get(profile)) {
        const team = this.#store.teams.get(uid);
        if (team !== undefined) yield team;
      }
    }
  }

  #compile(cluster: PolicyCluster): Entries {
    const profiles = new Map<string, ProfileEntry>();
    const namespaces = new Map<string, NamespaceEntry>();
    // Nobody owns what another team owns; what slipped through anyhow goes the same way everywhere.
    const teams = [...this.#keptTeams()].sort((a, b) => compareText(b.uid, a.uid));
    for (const team of teams) {
      const profile = this.#store.profiles.get(team.profile ?? '');
      const patterns = patternsIn(team, cluster);
      if (profile === undefined || patterns.length === 0) continue;
      profiles.set(profileKey(profile.uid), profileEntry(profile));
      for (const pattern of patterns) {
        const entry = namespaceEntry(team, pattern, profile.uid);
        namespaces.set(entry.key, entry);
      }
    }
    const byKey = ([a]: readonly [string, Entry], [b]: readonly [string, Entry]): number =>
      compareText(a, b);
    return new Map<string, Entry>([...[...profiles].sort(byKey), ...[...namespaces].sort(byKey)]);
  }
}

const teamOf = (object: PolicyObject | undefined): PolicyTeam | undefined =>
  object?.kind === 'Team' ? object : undefined;
const clusterOf = (object: PolicyObject | undefined): PolicyCluster | undefined =>
  object?.kind === 'Cluster' ? object : undefined;

const patternsIn = (team: PolicyTeam, cluster: PolicyCluster): string[] =>
  team.owns
    .filter(({ clusters }) => selectsCluster(clusters, cluster))
    .flatMap(({ namespaces }) => namespaces);

function keysOf(team: PolicyTeam, cluster: PolicyCluster): string[] {
  const patterns = patternsIn(team, cluster);
  if (patterns.length === 0 || team.profile === undefined) return [];
  return [profileKey(team.profile), ...patterns.map(namespaceKey)];
}

const namespaceEntry = (
  { uid: teamUid, name: team }: PolicyTeam,
  pattern: string,
  profileUid: string,
): NamespaceEntry => ({
  section: 'NAMESPACE',
  key: namespaceKey(pattern),
  pattern,
  teamUid,
  team,
  profileUid,
});
