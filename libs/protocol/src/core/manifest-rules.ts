import { bytesEqual } from '@ambit/kernel';
import type { Manifest } from './generated/messages.ts';
import type { HashTree } from './hash-tree.ts';
import type { StateRefusal } from './refusal.ts';
import { comparePoints, pointText, refusalOfNumbers, type StatePoint } from './state-point.ts';

export type { NackCode, StateRefusal } from './refusal.ts';

/** What an agent knows of itself and of the newest state it ever accepted. */
export interface ManifestContext {
  readonly installationUid: string;
  readonly clusterUid: string;
  /** Highest epoch that enrolment or a signed EpochRaise allowed. */
  readonly stateEpoch: number;
  /** Absent when nothing was accepted yet. */
  readonly held?: AcceptedPoint | undefined;
}

/** A state that was accepted, and what proves another one at its point to be another. */
export interface AcceptedPoint extends StatePoint {
  /** Absent when it was accepted by a version that did not keep it. */
  readonly root?: Uint8Array | undefined;
  /** Empty when central gave none. */
  readonly lineage: Uint8Array;
}

/** Is this the manifest of this cluster, and not an older one? A lower revision is refused, an equal one is a repair. */
export function refusalOfManifest(
  manifest: Manifest,
  context: ManifestContext,
): StateRefusal | undefined {
  if (manifest.installationUid !== context.installationUid) {
    return { code: 'wrong_cluster', message: 'the state belongs to another installation' };
  }
  if (manifest.clusterUid !== context.clusterUid) {
    return { code: 'wrong_cluster', message: 'the state belongs to another cluster' };
  }
  const { stateEpoch, revision, explainedFrom } = manifest;
  const beyond = refusalOfNumbers({ stateEpoch, revision, explainedFrom });
  if (beyond !== undefined) return beyond;
  if (manifest.stateEpoch > context.stateEpoch) {
    return {
      code: 'rollback',
      message: `state epoch ${manifest.stateEpoch} was not raised with the epoch key`,
    };
  }
  // Who was told of a raise follows the old history no further, however far it got meanwhile.
  if (manifest.stateEpoch < context.stateEpoch) {
    return {
      code: 'rollback',
      message: `state epoch ${manifest.stateEpoch} ended when epoch ${context.stateEpoch} was raised`,
    };
  }
  return context.held && refusalOfPoint(manifest, context.held);
}

/** A point is never gone back to, and names one state for ever. */
export function refusalOfPoint(offered: Manifest, held: AcceptedPoint): StateRefusal | undefined {
  const order = comparePoints(offered, held);
  if (order < 0) {
    const message = `${pointText(offered)} is older than the accepted ${pointText(held)}`;
    return { code: 'rollback', message };
  }
  if (order > 0 || isSameState(offered, held)) return undefined;
  return {
    code: 'equivocation',
    message: `central signed another state as ${pointText(held)} than the one that was accepted`,
  };
}

function isSameState(offered: Manifest, held: AcceptedPoint): boolean {
  if (held.root !== undefined && !bytesEqual(offered.root, held.root)) return false;
  const told = offered.lineage.length > 0 && held.lineage.length > 0;
  return !told || bytesEqual(offered.lineage, held.lineage);
}

/** Does the assembled set of entries equal what the signed manifest says? */
export function refusalOfContent(manifest: Manifest, tree: HashTree): StateRefusal | undefined {
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
