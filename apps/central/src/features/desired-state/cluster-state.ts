import type { PolicyView } from '@ambit/domain';
import { compilerVersion } from '@ambit/domain';
import type { Clock } from '@ambit/kernel';
import type { FeedCommit } from '@ambit/persistence';
import { SharedTree, StateHistory, manifestCodec } from '@ambit/protocol';
import type { OfferedState, TreeEntry, wire } from '@ambit/protocol';
import type { EnvelopeSigner } from '@ambit/transport';
import { sections } from '@ambit/rbac';
import type { Intent } from '@ambit/rbac';
import type { EncodedIntents } from './encoded-intents.ts';
import { lostSubjects } from './lost-subjects.ts';

/** Signs what agents believe; the key never leaves the process that serves. */
export type StateSigner = Pick<EnvelopeSigner, 'sign' | 'signManifests'>;

export interface ClusterStatePorts {
  readonly policy: PolicyView;
  /** Of the policy's revision. */
  readonly lineage: Uint8Array;
  readonly signer: StateSigner;
  /** Of all clusters: what is equal in them is encoded and hashed once. */
  readonly encoded: EncodedIntents;
  readonly clock: Clock;
}

/** Facts of the installation that stand in every manifest. */
export interface ManifestFacts {
  readonly installationUid: string;
  readonly stateEpoch: number;
  /** See `Manifest.explained_from`. */
  readonly explainedFrom: number;
}

/** The commit that made a state. */
export type StateOrigin = Pick<FeedCommit, 'revision' | 'lineage'>;

/**
 * What one cluster should hold, as bytes and hashes. It is kept while an agent of that cluster has a stream here, and
 * follows the policy key by key: one changed entry costs one encoding and a few hashes.
 */
export class ClusterState implements OfferedState {
  readonly #clusterUid: string;
  readonly #ports: ClusterStatePorts;
  readonly #facts: ManifestFacts;
  readonly #history = new StateHistory();
  #tree: SharedTree<Intent>;
  #revision: number;
  #lineage: Uint8Array;
  #manifest: wire.SignedEnvelope | undefined;

  constructor(clusterUid: string, ports: ClusterStatePorts, facts: ManifestFacts) {
    this.#clusterUid = clusterUid;
    this.#ports = ports;
    this.#facts = facts;
    this.#revision = ports.policy.revision;
    this.#lineage = ports.lineage;
    const { encoded, policy } = ports;
    const entries = Array.from(policy.entries(clusterUid), (intent) => encoded.entry(intent));
    this.#tree = SharedTree.of(encoded.ground, entries);
  }

  get revision(): number {
    return this.#revision;
  }

  get root(): Uint8Array {
    return this.#tree.root;
  }

  get lineage(): Uint8Array {
    return this.#lineage;
  }

  get sections(): Iterable<string> {
    return this.#tree.sections.keys();
  }

  /** Signed when somebody asks: it is sent once, and not kept. */
  get manifest(): wire.SignedEnvelope {
    return this.#manifest ?? this.#ports.signer.sign('manifest', this.#manifestBytes());
  }

  /** Signs the manifests of all of these with one signature, for agents that take it, and has them ready during `work`. */
  static signedTogether(
    states: readonly ClusterState[],
    signer: StateSigner,
    work: () => void,
  ): void {
    const envelopes = signer.signManifests(states.map((state) => state.#manifestBytes()));
    for (const [at, state] of states.entries()) state.#manifest = envelopes[at];
    try {
      work();
    } finally {
      for (const state of states) state.#manifest = undefined;
    }
  }

  /**
   * Takes over what commits up to `origin` did to the cluster; gives who loses access by it. The policy is already at
   * that revision.
   */
  follow(origin: StateOrigin, keys: ReadonlySet<string>): readonly wire.RevokedSubject[] {
    const { encoded, policy } = this.#ports;
    const old = this.#tree;
    const now = Array.from(keys, (key) => [key, policy.entry(this.#clusterUid, key)] as const);
    const put = now.flatMap(([, intent]) => (intent === undefined ? [] : [encoded.entry(intent)]));
    const remove = now.flatMap(([key, intent]) => (intent === undefined ? [key] : []));
    this.#tree = old.with({ put, remove });
    if (keys.size > 0) this.#history.record(old.root, keys);
    this.#revision = origin.revision;
    this.#lineage = origin.lineage;
    const before = new Map(now.map(([key]) => [key, old.get(key)?.value]));
    return lostSubjects(before, (key) => this.#tree.get(key)?.value);
  }

  entries(): wire.StateEntry[] {
    const all = [...this.#tree.entries()];
    const of = (section: string): TreeEntry<Intent>[] =>
      all.filter(({ value }) => value.section === section);
    return sections.flatMap(of).map(toEntry);
  }

  entriesOf(keys: Iterable<string>): wire.StateEntry[] {
    return Array.from(keys, (key) => this.#tree.get(key))
      .filter((entry) => entry !== undefined)
      .map(toEntry);
  }

  changedSince(root: Uint8Array): Iterable<string> | undefined {
    return this.#history.changedSince(root);
  }

  #manifestBytes(): Uint8Array {
    return manifestCodec.encode({
      installationUid: this.#facts.installationUid,
      clusterUid: this.#clusterUid,
      stateEpoch: this.#facts.stateEpoch,
      revision: this.#revision,
      root: Buffer.from(this.#tree.root),
      sections: sections.map((section) => ({
        section,
        entries: this.#tree.sections.get(section) ?? 0,
      })),
      issuedAt: this.#ports.clock.now(),
      explainedFrom: this.#facts.explainedFrom,
      // A cluster for which nothing is granted is empty on purpose: it was compiled from a loaded policy.
      intentionallyEmpty: (this.#tree.sections.get('BINDING') ?? 0) === 0,
      compilerVersion,
      lineage: Buffer.from(this.#lineage),
    });
  }
}

const toEntry = ({ key, body }: TreeEntry<Intent>): wire.StateEntry => ({
  key,
  body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
});
