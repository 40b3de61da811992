import type { Millis } from './ports.ts';

/** Units of a duration, from the largest down; every one has the same length always. */
const units: readonly (readonly [string, Millis])[] = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
];
const grammar = new RegExp(`^${units.map(([unit]) => `(?:(\\d{1,9})${unit})?`).join('')}$`);

/** How a duration is written, as the end of a sentence. */
export const durationForm = 'such as 500ms, 90s, 30m, 1h30m, 8h, 7d or 2w';

/**
 * Milliseconds of a length of time: whole numbers with the units w, d, h, m, s and ms, each once, the largest first.
 * The one grammar of settings, options and files. Undefined for any other text; `0s` is 0.
 */
export function readDuration(text: string): Millis | undefined {
  const parts = text === '' ? null : grammar.exec(text);
  if (parts === null) return undefined;
  const total = units.reduce((sum, [, length], at) => sum + Number(parts[at + 1] ?? 0) * length, 0);
  return Number.isSafeInteger(total) ? total : undefined;
}
