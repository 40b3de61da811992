import { AppError, didYouMean } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { outputFormats, type OutputFormat } from '../global-options.ts';
import { renderTable, type Column } from './table.ts';
import { yamlText } from './yaml-text.ts';

/** Rows as a table on stdout; nothing for no rows. */
export function printRows<T>(
  { terminal, globals }: CommandContext,
  columns: readonly Column<T>[],
  rows: readonly T[],
  format: OutputFormat = 'table',
): void {
  if (rows.length === 0) return;
  const headers = globals.headers !== false;
  // A program that reads this finds whole values.
  const width = terminal.out.isTerminal ? terminal.out.columns : undefined;
  terminal.out.write(renderTable(columns, rows, { wide: format === 'wide', headers, width }));
}

/** A value on stdout as JSON or YAML; false for the other formats. */
export async function printValue(
  { terminal }: CommandContext,
  value: unknown,
  format: OutputFormat,
): Promise<boolean> {
  if (format !== 'json' && format !== 'yaml') return false;
  if (format === 'json') terminal.out.write(`${JSON.stringify(value, null, 2)}\n`);
  else terminal.out.write(await yamlText(value));
  return true;
}

/** The value of `-o`. Throws `usage`. */
export function outputFormat(text: string | undefined): OutputFormat {
  if (text === undefined) return 'table';
  const found = outputFormats.find((format) => format === text);
  if (found !== undefined) return found;
  const [near] = didYouMean(text, outputFormats, 1);
  throw new AppError('usage', `"${text}" is not an output format`, {
    hint: near === undefined ? `known: ${outputFormats.join(', ')}` : `did you mean ${near}?`,
  });
}
