import type { PolicyRule } from '@ambit/rbac';

/** Who a client certificate says its holder is. */
export interface ClusterIdentity {
  readonly user: string;
  readonly groups?: readonly string[];
}

/** How many requests of one sort an API server has answered since it started; a real one counts no dry runs here. */
export interface RequestCount {
  /** As the API server counts it: GET, LIST, WATCH, POST, PUT, PATCH, APPLY, DELETE, DELETECOLLECTION. */
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly count: number;
}

export type DevClusterKind = 'real' | 'simulated';

/** A Kubernetes API server of our own, with RBAC on, reachable on loopback. */
export interface DevCluster {
  readonly name: string;
  readonly kind: DevClusterKind;
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** The certificate authority that signed the API server's certificate. */
  readonly caPem: string;
  /** YAML text of a kubeconfig in group `system:masters`. */
  readonly adminKubeconfig: string;
  /** As the API server answers it, such as `v1.36.2`. */
  readonly version: string;
  /** Where the programs came from, as a phrase for people. */
  readonly source: string;
  /** Writes the admin kubeconfig, readable by its owner only. */
  writeKubeconfig(path: string): Promise<void>;
  /** YAML text of a kubeconfig with a fresh client certificate of this identity; it gives no rights by itself. */
  kubeconfigFor(identity: ClusterIdentity): Promise<string>;
  /**
   * YAML text of a kubeconfig for the user `ambit-agent`, who holds exactly these rules in the whole cluster and
   * nothing else. Takes the output of `ambit-agent print-rbac` as it stands, or rules. Called again, it replaces them.
   * `policies`, as `ambit-agent print-policy` prints them, are in force when it resolves; without them those of the
   * last call stay. A simulated cluster has no admission: there they do nothing.
   */
  agentKubeconfig(rules: string | readonly PolicyRule[], policies?: string): Promise<string>;
  requestCounts(): Promise<readonly RequestCount[]>;
  /** Ends every process of the cluster and removes its files. Safe to call twice. */
  stop(): Promise<void>;
}

/** Several clusters that were started together. */
export interface DevClusters {
  readonly clusters: readonly DevCluster[];
  readonly kind: DevClusterKind;
  readonly version: string;
  readonly source: string;
  /** Why real programs were not used, one sentence for each way that was tried; empty when they were. */
  readonly reasons: readonly string[];
  /** Path of a kubectl of the same version; simulated clusters come without one. */
  readonly kubectl: string | undefined;
  /** Throws when no cluster has this name. */
  cluster(name: string): DevCluster;
  stop(): Promise<void>;
}

export type ProgressPhase =
  'look' | 'download' | 'unpack' | 'build' | 'start' | 'ready' | 'fallback';

export interface Progress {
  readonly phase: ProgressPhase;
  readonly message: string;
  /** 0 to 100. */
  readonly percent?: number;
  readonly etaSeconds?: number;
}

export type OnProgress = (progress: Progress) => void;
