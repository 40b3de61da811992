import { AppError, hex, type Digests } from '@ambit/kernel';
import type { PolicyChange } from '../policy-objects.ts';
import type { Policy } from '../policy/policy.ts';
import { sameEntry } from '../policy/settle-commit.ts';
import type { Effect, GuardDecision, RemovalExcess } from './effect.ts';
import { measureEffect, type MeasuredEffect } from './preview.ts';

/** A commit that takes away more than this share and more than this number has to be confirmed. */
export const centralRemovalGuard = { share: 0.25, moreThan: 20 } as const;

/** How a caller lets a large removal through, and what digests are made with. */
export interface GuardOptions {
  readonly digests: Digests;
  /** The digest a dry run of the same changes gave. */
  readonly confirmRemovals?: string;
}

/**
 * Decides whether a commit may be made as it is. It asks for confirmation when the commit takes away more than a
 * quarter and more than twenty of the triples of one cluster, of the triples of the whole fleet, or of the people
 * who hold anything.
 *
 * Deactivated people count, because a directory gone wrong deactivates half of a company at once; the caller can
 * confirm at once, so no revocation waits. Grants that the sweep marks as ended do not count: they gave nothing any
 * more. Triples are those in force, so what a person keeps by another grant is not taken away.
 */
export function guardCommit(
  policy: Policy,
  changes: readonly PolicyChange[],
  { digests, confirmRemovals }: GuardOptions,
): GuardDecision {
  const ends = changes.filter((change) => onlyEnds(policy, change));
  const sweep = new Set(ends);
  const rest = changes.filter((change) => !sweep.has(change));
  const { measured, excess } = policy.whatIf(ends, () => {
    const found = measureEffect(policy, rest);
    return { measured: found, excess: excessOf(policy, found) };
  });
  const effect = ends.length === 0 ? measured.effect : measureEffect(policy, changes).effect;
  if (excess.length === 0) return { allow: true, effect };
  const digest = previewDigest(effect, digests);
  if (confirmRemovals === digest) return { allow: true, effect };
  return { allow: false, effect, excess, digest };
}

/**
 * The digest of a dry run: equal as long as the same changes would do the same to the same people, whatever else
 * was committed between.
 */
export function previewDigest(effect: Effect, { sha256, utf8 }: Digests): string {
  const lines = effect.clusters.map((each) => [
    each.clusterUid,
    each.bindingsAdded,
    each.bindingsRemoved,
    each.gain,
    each.lose,
  ]);
  return hex(sha256(utf8(JSON.stringify(lines)))).slice(0, 32);
}

/** The refusal as the caller sees it: `confirmation_required` with what would be taken away and how to confirm. */
export function confirmationRequired(decision: GuardDecision & { allow: false }): AppError {
  const [first] = decision.excess;
  const more = decision.excess.length - 1;
  const message = `This change would take away ${first === undefined ? 'much' : excessText(first)}${
    more > 0 ? `, and exceeds ${more} more limits` : ''
  }.`;
  return new AppError('confirmation_required', message, {
    why: 'A change that takes away more than a quarter, and more than twenty, has to be confirmed.',
    hint: 'Look at the dry run. If it is what you mean, send the change again with its digest as confirmRemovals.',
    errors: decision.excess.slice(0, 20).map((each) => ({ message: excessText(each) })),
    details: { digest: decision.digest },
  });
}

function excessText({ measure, cluster, removed, before }: RemovalExcess): string {
  if (measure === 'people') return `all access of ${removed} of ${before} people`;
  const where = cluster === undefined ? 'all clusters' : `cluster ${cluster}`;
  return `${removed} of ${before} bindings in ${where}`;
}

/** True when the change does nothing but mark a grant with an end as ended. */
function onlyEnds(policy: Policy, change: PolicyChange): boolean {
  if (change.op !== 'put' || change.object.kind !== 'Grant' || !change.object.ended) return false;
  const before = policy.grant(change.object.uid);
  if (before?.until === undefined) return false;
  return sameEntry({ ...before, ended: true }, change.object);
}

const tooMuch = (removed: number, before: number): boolean =>
  removed > centralRemovalGuard.moreThan && removed > before * centralRemovalGuard.share;

function excessOf(policy: Policy, { effect, leftWithout }: MeasuredEffect): RemovalExcess[] {
  const excess: RemovalExcess[] = [];
  const removedInAll = effect.clusters.reduce((sum, each) => sum + each.bindingsRemoved, 0);
  for (const { clusterUid, cluster, bindingsRemoved: removed } of effect.clusters) {
    const before = policy.triples(clusterUid);
    if (tooMuch(removed, before)) excess.push({ measure: 'cluster', cluster, removed, before });
  }
  if (tooMuch(removedInAll, policy.triples())) {
    excess.push({ measure: 'fleet', removed: removedInAll, before: policy.triples() });
  }
  if (tooMuch(leftWithout.length, policy.people)) {
    excess.push({ measure: 'people', removed: leftWithout.length, before: policy.people });
  }
  return excess;
}
