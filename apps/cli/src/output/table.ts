import { printable } from '@ambit/kernel';

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
  readonly width?: number;
}

const gap = 2;
const narrowest = 8;

/** A table without borders, two spaces between columns, at most `width` columns wide unless `wide`. */
export function renderTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  options: TableOptions = {},
): string {
  const { wide = false, headers = true, width = 80 } = options;
  const shown = columns.filter((column) => wide || column.wide !== true);
  const cells = rows.map((row) => shown.map((column) => printable(column.value(row)) || '—'));
  const lines = headers ? [shown.map((column) => column.title), ...cells] : cells;
  const widths = shown.map((_, index) =>
    Math.max(0, ...lines.map((line) => (line[index] ?? '').length)),
  );
  if (!wide) shrink(widths, shown, width);
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
    .map((cell, index) => cut(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0))
    .join(' '.repeat(gap))
    .trimEnd();
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
