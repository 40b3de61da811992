import { toAppError } from '@ambit/kernel';

/** An error as a person reads it at a terminal: what, each faulty place, why, and what to do next. */
export function printableError(error: unknown): string {
  const { message, extras } = toAppError(error);
  const lines = [message];
  for (const item of extras.errors ?? []) {
    const suggestion = item.didYouMean === undefined ? '' : ` Did you mean ${item.didYouMean}?`;
    lines.push(`  - ${item.message}${suggestion}`);
  }
  if (extras.why !== undefined) lines.push(extras.why);
  if (extras.hint !== undefined) lines.push(extras.hint);
  if (extras.nextCommand !== undefined) lines.push(`Next: ${extras.nextCommand}`);
  return lines.join('\n');
}
