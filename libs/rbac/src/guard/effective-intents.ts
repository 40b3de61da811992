import type { Millis } from '@ambit/kernel';
import type { Mask } from '../desired/desired-object.ts';
import type { BindingIntent, Intent } from '../intents.ts';

/**
 * What a state really gave: its intents without those that have ended by `now`, and without the subjects that its own
 * denials or revocations since (`masks`) take out.
 */
export function effectiveIntents(
  intents: Iterable<Intent>,
  masks: readonly Mask[],
  now: Millis,
): Intent[] {
  const all = [...intents];
  const denied = new Set(all.flatMap((one) => (one.section === 'DENY' ? [one.subject] : [])));
  const isOut = (key: string, subject: string): boolean =>
    denied.has(subject) ||
    masks.some(
      (mask) =>
        (mask.key === '' || mask.key === key) && (mask.subject === '' || mask.subject === subject),
    );
  const left = (intent: BindingIntent): BindingIntent[] => {
    if ((intent.notAfter ?? Infinity) <= now) return [];
    const subjects = intent.subjects.filter((subject) => !isOut(intent.key, subject));
    return subjects.length === 0 ? [] : [{ ...intent, subjects }];
  };
  return all.flatMap((intent): Intent[] =>
    intent.section === 'BINDING' ? left(intent) : [intent],
  );
}
