import { type ErrorItem, printable, toAppError } from '@ambit/kernel';

/** An error as a person reads it at a terminal: what, each faulty place, why, and what to do next. */
export function printableError(error: unknown): string {
  const { message, extras } = toAppError(error);
  const lines = [message];
  for (const item of extras.errors ?? []) lines.push(`  - ${printableItem(item)}`);
  if (extras.why !== undefined) lines.push(extras.why);
  if (extras.hint !== undefined) lines.push(extras.hint);
  if (extras.nextCommand !== undefined) lines.push(`Next: ${extras.nextCommand}`);
  // Names and texts from elsewhere are among the words: none may act on the terminal or begin a line of its own.
  return lines.map(printable).join('\n');
}

function printableItem({ line, column, message, didYouMean }: ErrorItem): string {
  const where = line === undefined ? '' : `line ${line}, column ${column ?? 1}: `;
  if (didYouMean === undefined) return `${where}${message}`;
  return /[.!?]$/.test(message)
    ? `${where}${message} Did you mean ${didYouMean}?`
    : `${where}${message}; did you mean ${didYouMean}?`;
}
