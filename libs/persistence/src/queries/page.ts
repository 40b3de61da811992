import type { LabelSelector } from '@ambit/domain';
import { AppError } from '@ambit/kernel';
import type { NamedReference } from '../records.ts';

export interface KeysetQuery {
  /** 1 to 500. */
  readonly limit: number;
  /** What an earlier page gave. */
  readonly continue?: string;
  readonly labelSelector?: LabelSelector;
  /** A part of the name or of the describing text, any ASCII case. */
  readonly q?: string;
  /** Only what is of these teams. */
  readonly ofTeams?: readonly NamedReference[];
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly continue?: string;
}

export const maxPage = 500;

/** Throws invalid_request for a limit that is no whole number from 1 to 500. */
export function checkedLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxPage) return limit;
  throw new AppError('invalid_request', `limit must be a whole number from 1 to ${maxPage}.`);
}

/** An opaque place in a list: which list, and the sort values of the last item. */
export function encodePlace(list: string, values: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify([list, ...values])).toString('base64url');
}

/** Throws invalid_request for a text that `encodePlace` did not make for this list. */
export function decodePlace(list: string, text: string, count: number): (string | number)[] {
  try {
    const [from, ...values] = JSON.parse(Buffer.from(text, 'base64url').toString()) as unknown[];
    const plain = values.every((value) => typeof value === 'string' || typeof value === 'number');
    if (from === list && values.length === count && plain) return values as (string | number)[];
  } catch {
    // Said below: what is wrong with it makes no difference to the caller.
  }
  throw new AppError('invalid_request', 'The continue value does not belong to this list.', {
    hint: 'Start again without it.',
  });
}

/** A page of at most `limit` from rows that were asked for with one more. */
export function cutPage<R, T>(
  rows: readonly R[],
  limit: number,
  toItem: (row: R) => T,
  place: (row: R) => string,
): Page<T> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items: shown.map(toItem), ...(more ? { continue: place(last) } : {}) };
}
