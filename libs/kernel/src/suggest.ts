/** The rows of the distance table that are still needed: the last one and the one before. */
interface Rows {
  readonly last: readonly number[];
  readonly beforeLast: readonly number[];
}

/** Optimal string alignment distance: insert, delete, replace, swap of neighbours. */
function editDistance(a: string, b: string): number {
  let rows: Rows = { last: Array.from({ length: b.length + 1 }, (_, j) => j), beforeLast: [] };
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cheapest(rows, row, a.slice(0, i), b.slice(0, j)));
    rows = { last: row, beforeLast: rows.last };
  }
  return cost(rows.last, b.length);
}

function cheapest(
  { last, beforeLast }: Rows,
  row: readonly number[],
  a: string,
  b: string,
): number {
  const j = b.length;
  const replace = cost(last, j - 1) + (a.at(-1) === b.at(-1) ? 0 : 1);
  const best = Math.min(cost(last, j) + 1, cost(row, j - 1) + 1, replace);
  const swapped = a.length > 1 && j > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
  return swapped ? Math.min(best, cost(beforeLast, j - 2) + 1) : best;
}

function cost(row: readonly number[], index: number): number {
  return row[index] ?? 0;
}

/** The known words nearest to `word`, best first, at most `most`; empty when nothing is near. */
export function didYouMean(word: string, known: Iterable<string>, most = 3): string[] {
  const limit = Math.max(1, Math.floor(word.length / 3));
  const near: { text: string; distance: number }[] = [];
  for (const text of known) {
    if (Math.abs(text.length - word.length) > limit) continue;
    const distance = editDistance(word.toLowerCase().slice(0, 64), text.toLowerCase().slice(0, 64));
    if (distance <= limit) near.push({ text, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.text < b.text ? -1 : 1));
  return near.slice(0, most).map((entry) => entry.text);
}
