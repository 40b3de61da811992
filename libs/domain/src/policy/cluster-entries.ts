import { compareText } from '@ambit/kernel';
import type { Intent } from '@ambit/rbac';
import type { Denials } from './denials.ts';
import type { GrantLinks } from './grant-links.ts';
import type { GroupedBindings } from './grouped-bindings.ts';
import type { PolicyStore } from './policy-store.ts';
import type { SectionCounts } from './policy-view.ts';
import { configEntry, configKey } from './single-entries.ts';
import type { NamespacesOfTeams } from './team-namespaces.ts';
import type { TokenFacts } from './token-facts.ts';
import { webhookKey } from './token-kinds.ts';

interface Parts {
  readonly store: PolicyStore;
  readonly links: GrantLinks;
  readonly denials: Denials;
  readonly grouped: GroupedBindings;
  readonly tokens: TokenFacts;
  readonly namespaces: NamespacesOfTeams;
  readonly bindingCounts: ReadonlyMap<string, number>;
}

/** What clusters should hold by a policy at this moment. */
export class ClusterEntries {
  private readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  entry(clusterUid: string, key: string): Intent | undefined {
    if (key.startsWith('BINDING/')) return this.parts.grouped.entry(clusterUid, key);
    return this.single(clusterUid, key);
  }

  /** Any but a BINDING entry. */
  single(clusterUid: string, key: string): Intent | undefined {
    const { store, links, denials, tokens, namespaces } = this.parts;
    const cluster = store.clusters.get(clusterUid);
    if (key === configKey) return cluster && configEntry(cluster);
    if (key === webhookKey) return cluster && tokens.entry(cluster);
    const [section, uid = ''] = key.split('/');
    if (section === 'ROLE') return links.roleEntry(clusterUid, uid);
    if (section === 'DENY') return denials.of(clusterUid).get(uid);
    return cluster && namespaces.of(cluster).get(key);
  }

  /** All of a cluster. */
  *of(clusterUid: string): Iterable<Intent> {
    const { store, links, denials, grouped, tokens, namespaces } = this.parts;
    const cluster = store.clusters.get(clusterUid);
    if (cluster === undefined) return;
    yield configEntry(cluster);
    for (const uid of [...links.rolesOf(clusterUid)].sort(compareText)) {
      const intent = links.roleEntry(clusterUid, uid);
      if (intent !== undefined) yield intent;
    }
    const denied = [...denials.of(clusterUid).values()];
    yield* denied.sort((a, b) => compareText(a.key, b.key));
    yield* grouped.of(clusterUid);
    const credentials = tokens.entry(cluster);
    if (credentials !== undefined) yield credentials;
    yield* namespaces.of(cluster).values();
  }

  counts(clusterUid: string): SectionCounts {
    const { store, links, denials, namespaces, bindingCounts } = this.parts;
    const cluster = store.clusters.get(clusterUid);
    return {
      CONFIG: cluster === undefined ? 0 : 1,
      ROLE: [...links.rolesOf(clusterUid)].length,
      DENY: denials.of(clusterUid).size,
      BINDING: bindingCounts.get(clusterUid) ?? 0,
      CREDENTIALS: this.single(clusterUid, webhookKey) === undefined ? 0 : 1,
      PROFILE: namespaces.count(cluster, 'PROFILE'),
      NAMESPACE: namespaces.count(cluster, 'NAMESPACE'),
    };
  }
}
