import type { ErrorItem } from '@ambit/kernel';
import { Lexer } from 'yaml';

/** What central takes in one body. */
const mostBytes = 1024 * 1024;
const mostDepth = 32;
/** A mebibyte of honest policy has some 40,000 line ends, commas and brackets. */
const mostMarks = 100_000;

/** What is too much about a file, found without building anything of it; nothing when it is within the limits. */
export function measure(text: string): ErrorItem | undefined {
  if (Buffer.byteLength(text) > mostBytes) return { message: 'the file is larger than 1 MiB' };
  return tooMany(text) ?? tooDeepByIndent(text) ?? tooDeepInFlow(text);
}

/** Every entry of a list or mapping needs one of these characters before it. */
function tooMany(text: string): ErrorItem | undefined {
  let marks = 0;
  let line = 1;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '\n') line++;
    if (character === '\n' || character === ',' || character === '[' || character === '{') marks++;
    if (marks > mostMarks) return { message: 'the file has too many entries', line, column: 1 };
  }
  return undefined;
}

/** The lexer reads no structure, so brackets are counted before the parser would recurse into them. */
function tooDeepInFlow(text: string): ErrorItem | undefined {
  let depth = 0;
  let line = 1;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++;
    else if (token === ']' || token === '}') depth--;
    if (depth > mostDepth) return tooDeep(line);
    for (let at = token.indexOf('\n'); at >= 0; at = token.indexOf('\n', at + 1)) line++;
  }
  return undefined;
}

/** Each level of block nesting takes at least one column, or a `- ` of its own on the same line. */
function tooDeepByIndent(text: string): ErrorItem | undefined {
  const indents: number[] = [];
  let line = 0;
  for (const row of text.split('\n')) {
    line++;
    const content = row.search(/[^ ]/);
    if (content < 0 || row[content] === '#') continue;
    while ((indents.at(-1) ?? -1) >= content) indents.pop();
    indents.push(content);
    const dashes = /^ *((?:[-?] +)*)/.exec(row)?.[1]?.replaceAll(' ', '').length ?? 0;
    if (indents.length + dashes > mostDepth) return tooDeep(line);
  }
  return undefined;
}

function tooDeep(line: number): ErrorItem {
  return { message: `more than ${mostDepth} levels of nesting`, line, column: 1 };
}
