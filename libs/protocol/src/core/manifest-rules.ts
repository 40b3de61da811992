import { bytesEqual } from '@ambit/kernel';
import type { Manifest } from './generated/messages.ts';
import type { HashTree } from './hash-tree.ts';

/** Why a state is refused as a whole. Intents above the ceiling are no reason: they are left out and reported. */
export type NackCode =
  | 'bad_signature'
  | 'unknown_key'
  | 'wrong_cluster'
  | 'rollback'
  | 'root_mismatch'
  | 'base_mismatch'
  | 'duplicate_key'
  | 'too_large'
  | 'storage_full'
  | 'empty_state_refused'
  | 'malformed';

export interface Refusal {
  readonly code: NackCode;
  readonly message: string;
  readonly items?: readonly string[];
}

/** What an agent knows of itself and of the newest state it ever accepted. */
export interface ManifestContext {
  readonly installationUid: string;
  readonly clusterUid: string;
  /** Highest epoch that enrolment or a signed EpochRaise allowed. */
  readonly stateEpoch: number;
  /** Absent when nothing was accepted yet. */
  readonly held?: { readonly stateEpoch: number; readonly revision: number } | undefined;
}

/** Is this the manifest of this cluster, and not an older one? A lower revision is refused, an equal one is a repair. */
export function refusalOfManifest(
  manifest: Manifest,
  context: ManifestContext,
): Refusal | undefined {
  if (manifest.installationUid !== context.installationUid) {
    return { code: 'wrong_cluster', message: 'the state belongs to another installation' };
  }
  if (manifest.clusterUid !== context.clusterUid) {
    return { code: 'wrong_cluster', message: 'the state belongs to another cluster' };
  }
  if (manifest.stateEpoch > context.stateEpoch) {
    return {
      code: 'rollback',
      message: `state epoch ${manifest.stateEpoch} was not raised with the epoch key`,
    };
  }
  return refusalOfRevision(manifest, context.held);
}

function refusalOfRevision(offered: Manifest, held: ManifestContext['held']): Refusal | undefined {
  if (held === undefined || offered.stateEpoch > held.stateEpoch) return undefined;
  if (offered.stateEpoch === held.stateEpoch && offered.revision >= held.revision) return undefined;
  return {
    code: 'rollback',
    message:
      `revision ${offered.revision} of epoch ${offered.stateEpoch} is older than the accepted ` +
      `revision ${held.revision} of epoch ${held.stateEpoch}`,
  };
}

/** Does the assembled set of entries equal what the signed manifest says? */
export function refusalOfContent(manifest: Manifest, tree: HashTree): Refusal | undefined {
  if (!bytesEqual(manifest.root, tree.root)) {
    return { code: 'root_mismatch', message: 'the entries do not have the root that was signed' };
  }
  const wanted = new Map(manifest.sections.map((each) => [each.section, each.entries]));
  for (const section of new Set([...wanted.keys(), ...tree.sections.keys()])) {
    if ((wanted.get(section) ?? 0) !== (tree.sections.get(section) ?? 0)) {
      return { code: 'malformed', message: `the number of ${section} entries is not as signed` };
    }
  }
  if ((tree.sections.get('BINDING') ?? 0) === 0 && !manifest.intentionallyEmpty) {
    return {
      code: 'empty_state_refused',
      message: 'the state grants nothing and does not say that this is intended',
    };
  }
  return undefined;
}
