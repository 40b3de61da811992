import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { parseSince } from './parse-time.ts';

/** What `--at` says, as a query: a revision as it is, a length of time as the moment that long before now. Throws `usage`. */
export function atQuery({ at }: { readonly at?: string }, now: Millis): { readonly at?: string } {
  if (at === undefined) return {};
  if (/^[1-9]\d{0,15}$/.test(at)) return { at };
  try {
    return { at: parseSince(at, now) };
  } catch {
    throw new AppError('usage', `"${at}" is neither a revision nor a time`, {
      hint: 'Write it like 418, 2h or 2027-06-30T18:00:00Z.',
    });
  }
}
