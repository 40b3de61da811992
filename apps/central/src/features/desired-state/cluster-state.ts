import type { PolicyView } from '@ambit/domain';
import { compilerVersion } from '@ambit/domain';
import type { Clock, Digests } from '@ambit/kernel';
import type { FeedCommit } from '@ambit/persistence';
import { HashTree, StateHistory, encodeIntent, manifestCodec } from '@ambit/protocol';
import type { OfferedState, wire } from '@ambit/protocol';
import { sections } from '@ambit/rbac';
import type { Intent } from '@ambit/rbac';
import { lostSubjects } from './lost-subjects.ts';

/** Signs what agents believe; the key never leaves the process that serves. */
export interface StateSigner {
  sign(payloadType: string, payload: Uint8Array): wire.SignedEnvelope;
}

export interface ClusterStatePorts {
  readonly policy: PolicyView;
  /** Of the policy's revision. */
  readonly lineage: Uint8Array;
  readonly signer: StateSigner;
  readonly digests: Digests;
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
  readonly #intents = new Map<string, Intent>();
  #tree: HashTree;
  #revision: number;
  #lineage: Uint8Array;
  #manifest: wire.SignedEnvelope | undefined;

  constructor(clusterUid: string, ports: ClusterStatePorts, facts: ManifestFacts) {
    this.#clusterUid = clusterUid;
    this.#ports = ports;
    this.#facts = facts;
    this.#revision = ports.policy.revision;
    this.#lineage = ports.lineage;
    for (const intent of ports.policy.entries(clusterUid)) this.#intents.set(intent.key, intent);
    const put = Array.from(this.#intents, ([key, intent]) => [key, encodeIntent(intent)] as const);
    this.#tree = HashTree.empty(ports.digests).with({ put });
  }

  get revision(): number {
    return this.#revision;
  }

  get root(): Uint8Array {
    return this.#tree.root;
  }

  get sections(): Iterable<string> {
    return this.#tree.sections.keys();
  }

  /** Signed once per revision, when somebody asks. */
  get manifest(): wire.SignedEnvelope {
    this.#manifest ??= this.#ports.signer.sign(
      'manifest',
      manifestCodec.encode(this.#manifestBody()),
    );
    return this.#manifest;
  }

  /** Takes over a commit that touched the cluster; gives who loses access by it. The policy is already at its revision. */
  follow(
    { revision, lineage }: StateOrigin,
    keys: ReadonlySet<string>,
  ): readonly wire.RevokedSubject[] {
    const rootBefore = this.#tree.root;
    const before = new Map(Array.from(keys, (key) => [key, this.#intents.get(key)]));
    const put: [string, Uint8Array][] = [];
    const remove: string[] = [];
    for (const key of keys) {
      const intent = this.#ports.policy.entry(this.#clusterUid, key);
      if (intent === undefined) {
        remove.push(key);
        this.#intents.delete(key);
      } else {
        put.push([key, encodeIntent(intent)]);
        this.#intents.set(key, intent);
      }
    }
    this.#tree = this.#tree.with({ put, remove });
    if (keys.size > 0) this.#history.record(rootBefore, keys);
    this.#revision = revision;
    this.#lineage = lineage;
    this.#manifest = undefined;
    return lostSubjects(before, (key) => this.#intents.get(key));
  }

  entries(): wire.StateEntry[] {
    return Array.from(this.#ports.policy.entries(this.#clusterUid), toEntry);
  }

  entriesOf(keys: Iterable<string>): wire.StateEntry[] {
    return Array.from(keys, (key) => this.#intents.get(key))
      .filter((intent) => intent !== undefined)
      .map(toEntry);
  }

  changedSince(root: Uint8Array): Iterable<string> | undefined {
    return this.#history.changedSince(root);
  }

  #manifestBody(): wire.Manifest {
    return {
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
    };
  }
}

const toEntry = (intent: Intent): wire.StateEntry => ({
  key: intent.key,
  body: Buffer.from(encodeIntent(intent)),
});
