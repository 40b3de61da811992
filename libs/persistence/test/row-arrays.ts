/** What a column in the binary form of an array holds. */
export const lengthOf = (column: Buffer): number =>
  column.readInt32BE(0) === 0 ? 0 : column.readInt32BE(12);

/** The texts of a column that has no NULL. */
export function textsOf(column: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 20; at < column.length; at += 4 + column.readInt32BE(at)) {
    texts.push(column.toString('utf8', at + 4, at + 4 + column.readInt32BE(at)));
  }
  return texts;
}
