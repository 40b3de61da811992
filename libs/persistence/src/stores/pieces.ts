/** So many rows a statement writes: few enough to end long before a statement may last no longer. */
const rowsAtOnce = 1_000;

/** The items in lists of a thousand, each made when it is asked for; the last may be shorter, and none is empty. */
export function* inPieces<T>(items: Iterable<T>): Generator<readonly T[], undefined> {
  let piece: T[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < rowsAtOnce) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
  return undefined;
}
