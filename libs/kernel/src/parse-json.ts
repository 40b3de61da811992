import { AppError, type ErrorItem } from './errors.ts';

interface Level {
  /** Keys seen so far; absent in a list. */
  readonly keys?: Set<string>;
  /** The member or item that is being read. */
  at: string | number;
}

/**
 * JSON as a value that holds every key of the text. Throws `AppError` `invalid_request` with line, column and pointer for
 * what is no JSON, and for a key that stands twice in one object or is `__proto__`: such a key would be lost on the way.
 */
export function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const [, line, column] = /line (\d+) column (\d+)/.exec((cause as Error).message) ?? [];
    const place = line === undefined ? {} : { line: Number(line), column: Number(column) };
    throw invalid({ message: 'This is not valid JSON.', ...place }, cause);
  }
  if (!isWrittenFrom(value, text)) refuseLostKeys(text);
  return value;
}

/** True when this very text is how the value is written: then each of its keys is there, once. */
function isWrittenFrom(value: unknown, text: string): boolean {
  try {
    return JSON.stringify(value) === text && !text.includes('"__proto__":');
  } catch {
    // Nested deeper than a value can be written.
    return false;
  }
}

/** The text is known to be JSON, so that only texts, brackets and commas have to be told apart. */
function refuseLostKeys(text: string): void {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? '';
    if (character === '"') {
      const end = endOfText(text, at);
      if (isKey(text, end)) readKey(text, { at, end }, levels);
      at = end;
    } else step(character, levels);
  }
}

function step(character: string, levels: Level[]): void {
  const level = levels.at(-1);
  if (character === '{') levels.push({ keys: new Set(), at: '' });
  else if (character === '[') levels.push({ at: 0 });
  else if (character === '}' || character === ']') levels.pop();
  else if (character === ',' && typeof level?.at === 'number') level.at++;
}

function endOfText(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function isKey(text: string, end: number): boolean {
  let at = end + 1;
  while (/\s/.test(text[at] ?? '')) at++;
  return text[at] === ':';
}

function readKey(text: string, { at, end }: { at: number; end: number }, levels: Level[]): void {
  const level = levels.at(-1);
  if (level?.keys === undefined) return;
  const key = JSON.parse(text.slice(at, end + 1)) as string;
  level.at = key;
  if (key !== '__proto__' && !level.keys.has(key)) {
    level.keys.add(key);
    return;
  }
  const before = text.slice(0, at);
  throw invalid({
    message: lostKeyMessage(key),
    pointer: levels.map((each) => `/${escaped(String(each.at))}`).join(''),
    line: before.split('\n').length,
    column: at - before.lastIndexOf('\n'),
  });
}

/** Why a key of an object cannot be taken: it stands there twice, or no object of the language can hold it as others. */
export function lostKeyMessage(key: string): string {
  return key === '__proto__'
    ? 'a key named "__proto__" is not allowed'
    : `the key ${JSON.stringify(key)} stands here a second time`;
}

function escaped(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1');
}

function invalid(item: ErrorItem, cause?: unknown): AppError {
  const where = item.line === undefined ? '' : ` (line ${item.line}, column ${item.column ?? 1})`;
  const what = item.message.replace(/\.$/, '');
  return new AppError('invalid_request', `The JSON cannot be used${where}: ${what}.`, {
    errors: [item],
    ...(cause === undefined ? {} : { cause }),
  });
}
