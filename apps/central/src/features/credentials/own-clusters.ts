import { compareText, defined } from '@ambit/kernel';
import type { Clock } from '@ambit/kernel';
import type { OwnCluster } from '@ambit/contracts';
import { heldAccess, nameInCluster } from '@ambit/domain';
import type { RoleInForce, Entrant, NamespaceFacts, PolicyCluster } from '@ambit/domain';
import { selectorMatches } from '@ambit/rbac';
import { nodeDigests } from '@ambit/transport';
import type { Actor } from '../../platform/actor.ts';
import type { ClusterEvidence, Evidence } from '../access/public.ts';
import type { PolicyWorld } from '../desired-state/public.ts';

interface Held {
  readonly cluster: PolicyCluster;
  readonly access: readonly RoleInForce[];
}

/** The clusters in which a caller holds something now. */
export class OwnClusters {
  readonly #world: PolicyWorld;
  readonly #evidence: Pick<ClusterEvidence, 'of'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(
    world: PolicyWorld,
    evidence: Pick<ClusterEvidence, 'of'>,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#world = world;
    this.#evidence = evidence;
    this.#clock = clock;
  }

  /** By name. An API token stands for nobody in a cluster, so it has none. */
  async list({ principal }: Pick<Actor, 'principal'>): Promise<OwnCluster[]> {
    if (principal.kind === 'token') return [];
    await this.#world.whole();
    const held = this.#heldBy(principal);
    const evidence = await this.#evidence.of(held.map(({ cluster }) => cluster.uid));
    return held
      .map((each) => ownCluster(each, principal, evidence.get(each.cluster.uid)))
      .sort((a, b) => compareText(a.name, b.name));
  }

  #heldBy(entrant: Entrant): Held[] {
    const { policy } = this.#world;
    const now = this.#clock.now();
    const held: Held[] = [];
    for (const cluster of policy.clusters()) {
      const access = heldAccess(policy, entrant, { clusterUid: cluster.uid, now });
      if (access.length > 0) held.push({ cluster, access });
    }
    return held;
  }
}

function ownCluster(
  { cluster, access }: Held,
  entrant: Entrant,
  evidence: Evidence | undefined,
): OwnCluster {
  const { server, caData, credential = 'None' } = cluster.access ?? {};
  return {
    name: cluster.name,
    uid: cluster.uid,
    ...defined({ server, caData }),
    credential,
    roles: sorted(access.map(({ role }) => role)),
    namespaces: namespacesOf(access, evidence?.facts.namespaces ?? new Map()),
    user: nameInCluster(cluster, entrant, nodeDigests),
    state: stateOf(evidence),
  };
}

function stateOf(evidence: Evidence | undefined): OwnCluster['state'] {
  if (evidence?.connected === true) return 'Connected';
  return evidence?.facts.ceiling === undefined ? 'AwaitingAgent' : 'Offline';
}

/** Those that the agent reported, where labels say which. */
function namespacesOf(
  access: readonly RoleInForce[],
  reported: ReadonlyMap<string, NamespaceFacts>,
): string[] {
  const names = access.flatMap(({ namespaces }) => {
    if (namespaces.type === 'names') return namespaces.names;
    // What a team owns is in force as names.
    if (namespaces.type === 'owned') return [];
    if (namespaces.type !== 'selector') return ['*'];
    const { selector } = namespaces;
    return Array.from(reported).flatMap(([name, { labels }]) =>
      selectorMatches(selector, labels) ? [name] : [],
    );
  });
  return names.includes('*') ? ['*'] : sorted(names);
}

const sorted = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compareText);
