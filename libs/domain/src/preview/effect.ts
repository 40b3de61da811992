/** What a change would do to one cluster. A binding is a (role, scope, person) triple that is in force. */
export interface ClusterEffect {
  readonly clusterUid: string;
  readonly cluster: string;
  readonly bindingsAdded: number;
  readonly bindingsRemoved: number;
  /** Names of people with a binding more than before, sorted. */
  readonly gain: readonly string[];
  /** Names of people with a binding less than before, sorted. */
  readonly lose: readonly string[];
}

/** The effect of a set of changes on every cluster they touch, by name of cluster; it changes nothing. */
export interface Effect {
  readonly basedOnRevision: number;
  readonly clusters: readonly ClusterEffect[];
}

/** Why the removal guard stops a commit: each line names one measure that is exceeded. */
export interface RemovalExcess {
  /** `cluster`: triples of one cluster. `fleet`: triples of all clusters. `people`: people left without any access. */
  readonly measure: 'cluster' | 'fleet' | 'people';
  readonly cluster?: string;
  readonly removed: number;
  readonly before: number;
}

export type GuardDecision =
  | { readonly allow: true; readonly effect: Effect }
  | {
      readonly allow: false;
      readonly effect: Effect;
      readonly excess: readonly RemovalExcess[];
      /** What `confirmRemovals` has to say to let it through. */
      readonly digest: string;
    };
