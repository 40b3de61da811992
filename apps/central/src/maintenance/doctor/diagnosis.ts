import { isAppError, toAppError } from '@ambit/kernel';

/** What was looked at, how it is, and what to do where it is not well. */
export interface Diagnosis {
  readonly is: 'well' | 'look' | 'wrong';
  /** A clause without a full stop. */
  readonly what: string;
  /** A command or a sentence. Always there where something is not well. */
  readonly next?: string;
}

export const well = (what: string): Diagnosis => ({ is: 'well', what });
export const look = (what: string, next: string): Diagnosis => ({ is: 'look', what, next });
export const wrong = (what: string, next: string): Diagnosis => ({ is: 'wrong', what, next });

const marks = { well: 'ok     ', look: 'look   ', wrong: 'WRONG  ' } as const;

export function diagnosisLines({ is, what, next }: Diagnosis): string[] {
  return [`${marks[is]}${what}`, ...(next === undefined ? [] : [`       next: ${next}`])];
}

/** What an examination that failed comes to; one that nobody foresaw is thrown. */
export function diagnosisOf(error: unknown): Diagnosis {
  if (!isAppError(error) || error.code === 'internal') throw error;
  const { message, extras } = toAppError(error);
  const { why, hint, nextCommand } = extras;
  const told = [message.replace(/\.$/, ''), ...(why === undefined ? [] : [why.replace(/\.$/, '')])];
  return wrong(told.join(': '), nextCommand ?? hint ?? 'ambit-central --help');
}

/** Names as a sentence has them; of many the first. */
export function named(names: readonly string[], most = 10): string {
  const more = names.length - most;
  return [...names.slice(0, most), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
