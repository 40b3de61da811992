import type { AppError, ErrorItem } from '@ambit/kernel';
import type { Painted } from './output/paint.ts';

const mostItems = 20;

type Line = readonly (string | Painted)[];

/** An error as people read it, line by line: what, where, why, what next, and the id to quote. */
export function errorLines(error: AppError): Line[] {
  const { errors = [], why, hint, nextCommand, details } = error.extras;
  const lines: Line[] = [[{ text: 'error:', colour: 'red' }, ` ${error.message}`]];
  for (const item of shown(error.message, errors)) lines.push([`  - ${itemText(item)}`]);
  if (errors.length > mostItems) lines.push([`  - … ${errors.length - mostItems} more`]);
  const id = details?.['requestId'];
  const facts: [string, unknown][] = [
    ['why:  ', why],
    [nextCommand === undefined ? 'next: ' : 'hint: ', hint],
    ['next: ', nextCommand],
    ['id:   ', id ? `${id}   (quote this to your administrator)` : undefined],
  ];
  for (const [title, fact] of facts)
    if (typeof fact === 'string') lines.push([`  ${title}${fact}`]);
  return lines;
}

/** A single problem that the message already tells is not told twice. */
function shown(message: string, errors: readonly ErrorItem[]): readonly ErrorItem[] {
  const [only] = errors;
  const told = errors.length === 1 && only !== undefined && sameWords(message, only.message);
  return told && only.line === undefined && suggestion(only, message) === undefined
    ? []
    : errors.slice(0, mostItems);
}

function sameWords(message: string, part: string): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/\.$/, '');
  return plain(message).includes(plain(part));
}

function itemText(item: ErrorItem): string {
  const where = item.line === undefined ? '' : `${item.line}:${item.column ?? 1}: `;
  const name = suggestion(item, item.message);
  if (name === undefined) return where + item.message;
  return `${where}${item.message.replace(/\.$/, '')}; did you mean ${name}?`;
}

/** Nothing where the text makes the suggestion already. */
function suggestion({ didYouMean }: ErrorItem, text: string): string | undefined {
  return text.includes(`did you mean ${didYouMean}?`) ? undefined : didYouMean;
}
