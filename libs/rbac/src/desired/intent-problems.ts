import { scopeRefusal } from '../ceiling/check-ceiling.ts';
import type { Ceiling } from '../ceiling/ceiling.ts';
import { subjectRefusal } from '../ceiling/subject-refusal.ts';
import type { IntentProblem } from './desired-object.ts';
import type { Entry } from './entry.ts';
import { hasEnded, hasStarted, instantText, type ClockBounds } from './instant.ts';
import { joinRefusals } from './join-refusals.ts';
import type { NamespaceReach } from './namespace-reach.ts';

/** What keeps a binding intent from being in force, wholly or in part. An intent that ended has no problem. */
export function* problemsOfEntry(
  entry: Entry,
  context: {
    readonly ceiling: Ceiling;
    readonly clock: ClockBounds;
    readonly reach: NamespaceReach;
  },
): Generator<IntentProblem> {
  const { key, role, scope } = entry;
  if (hasEnded(entry, context.clock)) return;
  if (role.problem !== undefined) {
    yield { key, ...role.problem };
    return;
  }
  const clusterWide =
    scope.scope.type === 'clusterWide' ? scopeRefusal(undefined, context.ceiling) : undefined;
  if (clusterWide !== undefined) {
    yield { key, reason: 'ceiling_refused', message: clusterWide.message };
    return;
  }
  if (!hasStarted(entry, context.clock)) {
    yield { key, reason: 'not_yet_active', message: startMessage(entry.notBefore) };
    return;
  }
  const refusals = entry.refused.flatMap(
    (subject) => subjectRefusal(subject, context.ceiling, entry.subjectKind) ?? [],
  );
  if (refusals.length > 0) {
    yield { key, reason: 'ceiling_refused', message: joinRefusals(refusals) };
  }
  yield* problemsOfNames(entry, context.reach);
}

function* problemsOfNames({ key, scope }: Entry, reach: NamespaceReach): Generator<IntentProblem> {
  if (scope.scope.type !== 'namespaces') return;
  for (const namespace of scope.scope.names) {
    if (scope.reach.has(namespace)) continue;
    if (reach.isProtected(namespace)) {
      const message = `namespace "${namespace}" is protected`;
      yield { key, reason: 'ceiling_refused', message, namespace };
    } else {
      const message = `there is no namespace "${namespace}" yet`;
      yield { key, reason: 'namespace_missing', message, namespace };
    }
  }
}

function startMessage(notBefore: number | undefined): string {
  const known = notBefore !== undefined && Math.abs(notBefore) <= 8.64e15;
  return known ? `starts at ${instantText(notBefore)}` : 'its start is no moment in time';
}
