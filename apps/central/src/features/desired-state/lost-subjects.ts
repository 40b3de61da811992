import type { wire } from '@ambit/protocol';
import type { BindingIntent, Intent } from '@ambit/rbac';

/**
 * Who loses access when entries change: subjects taken out of a binding, and people newly denied. A subject that only
 * moves to another shard of the same binding loses nothing.
 */
export function lostSubjects(
  before: ReadonlyMap<string, Intent | undefined>,
  now: (key: string) => Intent | undefined,
): wire.RevokedSubject[] {
  // What is only given takes from nobody, unless it is a denial.
  const given = Array.from(before).every(([key, old]) => old === undefined && !isDenial(now(key)));
  if (given) return [];
  const kept = new Set(
    Array.from(before.keys(), now).flatMap((intent) => holdingsOf(intent).map(({ id }) => id)),
  );
  const denied = Array.from(before)
    .filter(([, old]) => old === undefined)
    .map(([key]) => now(key))
    .filter(isDenial)
    .map(({ subject }) => ({ key: '', subject }));
  const taken = Array.from(before).flatMap(([key, old]) =>
    holdingsOf(old)
      .filter(({ id }) => !kept.has(id))
      .map(({ subject }) => ({ key, subject })),
  );
  return [...denied, ...taken];
}

const isDenial = (intent: Intent | undefined): intent is Intent & { section: 'DENY' } =>
  intent?.section === 'DENY';

/** Each subject of a binding, with what tells it apart whichever shard it stands in. */
function holdingsOf(
  intent: Intent | undefined,
): { readonly subject: string; readonly id: string }[] {
  if (intent?.section !== 'BINDING') return [];
  const binding = bindingOf(intent);
  return intent.subjects.map((subject) => ({ subject, id: `${binding} ${subject}` }));
}

/** Everything of a binding but its shard and subjects. */
function bindingOf({ role, scope, grantUid, notBefore, notAfter }: BindingIntent): string {
  return JSON.stringify([role, scope, grantUid, notBefore, notAfter]);
}
