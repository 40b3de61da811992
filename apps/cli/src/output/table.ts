import { printable } from '@ambit/kernel';
import { cutText, padText, textWidth } from './text-width.ts';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  /** Shown with `-o wide` only. */
  readonly wide?: true;
  /** May be cut to fit the width; the first column never is, because it is what people copy. */
  readonly flexible?: true;
}

export interface TableOptions {
  readonly wide?: boolean;
  readonly headers?: boolean;
  /** Columns of the terminal that somebody looks at; where nobody looks, nothing is cut. */
  readonly width?: number | undefined;
}

const gap = 2;
const narrowest = 8;

/** A table without borders, two spaces between columns. It is cut to `width` columns, unless `wide`. */
export function renderTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  options: TableOptions = {},
): string {
  const { wide = false, headers = true, width } = options;
  const shown = columns.filter((column) => wide || column.wide !== true);
  const cells = rows.map((row) => shown.map((column) => printable(column.value(row)) || '—'));
  const lines = headers ? [shown.map((column) => column.title), ...cells] : cells;
  const widths = shown.map((_, index) =>
    Math.max(0, ...lines.map((line) => textWidth(line[index] ?? ''))),
  );
  if (!wide && width !== undefined) shrink(widths, shown, width);
  return lines.map((line) => `${renderLine(line, widths)}\n`).join('');
}

function shrink(widths: number[], columns: readonly Column<never>[], width: number): void {
  let excess = widths.reduce((sum, each) => sum + each + gap, -gap) - width;
  while (excess > 0) {
    let widest = -1;
    columns.forEach((column, index) => {
      const size = widths[index] ?? 0;
      const fits = column.flexible === true && size > narrowest;
      if (fits && size > (widths[widest] ?? 0)) widest = index;
    });
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
}

function renderLine(line: readonly string[], widths: readonly number[]): string {
  return line
    .map((cell, index) => padText(cutText(cell, widths[index] ?? 0), widths[index] ?? 0))
    .join(' '.repeat(gap))
    .trimEnd();
}
