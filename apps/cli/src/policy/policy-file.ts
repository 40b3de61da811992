import { keyFaults, strictYaml } from '@ambit/config';
import { checkPolicyDocument, duplicateObjects, type PolicyDocument } from '@ambit/contracts';
import type { ErrorItem } from '@ambit/kernel';
import { isScalar, LineCounter, parseAllDocuments, type Document, type YAMLError } from 'yaml';
import { measure } from './yaml-limits.ts';
import { placeOf } from './yaml-place.ts';

/** An object and where it stands, so that what central finds later can be told with its line too. */
export interface PlacedObject {
  readonly object: PolicyDocument;
  /** The problem with line and column; its pointer is relative to the object. */
  readonly place: (item: ErrorItem) => ErrorItem;
}

/** A file's objects, or everything that is wrong with it; `line` and `column` count from 1. */
export type ParsedFile =
  | { readonly ok: true; readonly objects: readonly PlacedObject[] }
  | { readonly ok: false; readonly problems: readonly ErrorItem[] };

/**
 * Reads a policy file: YAML or JSON, any number of documents, lists among them. Duplicate keys, aliases, merge keys and
 * tags are refused, as are more than 1 MiB and more than 32 levels, before any document is built.
 */
export function parsePolicyFile(text: string): ParsedFile {
  const tooMuch = measure(text);
  if (tooMuch !== undefined) return { ok: false, problems: [tooMuch] };
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    ...strictYaml,
  }) as Document.Parsed[];
  const broken = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  const faults = [
    ...broken.map((error) => syntaxItem(error, lines)),
    ...documents.flatMap((document) => keyFaults(document, lines)),
  ];
  if (faults.length > 0) return { ok: false, problems: faults };
  return checkDocuments(documents.filter(isFilled), lines);
}

function syntaxItem(error: YAMLError, lines: LineCounter): ErrorItem {
  const { line, col } = lines.linePos(error.pos[0]);
  return { message: error.message, line, column: col };
}

function isFilled({ contents }: Document.Parsed): boolean {
  return contents !== null && !(isScalar(contents) && contents.value === null);
}

interface Found {
  readonly document: Document.Parsed;
  readonly value: unknown;
  /** Where the object stands in its document: empty, or a place in a list. */
  readonly prefix: string;
}

function checkDocuments(documents: readonly Document.Parsed[], lines: LineCounter): ParsedFile {
  const found: Found[] = [];
  const problems: ErrorItem[] = [];
  for (const document of documents) {
    try {
      // No alias is ever expanded: ten lines of them can make a gigabyte.
      found.push(...objectsOf(document, document.toJS({ maxAliasCount: 0 })));
    } catch {
      problems.push({ message: 'aliases (*name) are not allowed', line: lineOf(document, lines) });
    }
  }
  const checked = found.map(({ value }) => checkPolicyDocument(value));
  const placed = checked.map((result, index): PlacedObject | undefined => {
    const at = found[index];
    if (at === undefined) return undefined;
    const placeHere = (item: ErrorItem) => place(item, at, lines);
    if (result.ok) return { object: result.object, place: placeHere };
    problems.push(...result.problems.map(placeHere));
    return undefined;
  });
  for (const { document, message } of duplicateObjects(placed.map((one) => one?.object))) {
    const item = { message, pointer: '/metadata/name' };
    problems.push(placed[document]?.place(item) ?? item);
  }
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, objects: placed.filter((one) => one !== undefined) };
}

function lineOf(document: Document.Parsed, lines: LineCounter): number {
  return lines.linePos(document.range[0]).line;
}

function place(item: ErrorItem, { document, prefix }: Found, lines: LineCounter): ErrorItem {
  const { line, col } = lines.linePos(placeOf(document, prefix + (item.pointer ?? '')));
  return { ...item, line, column: col };
}

/** A list as `get -o json` prints it counts as its items. */
function objectsOf(document: Document.Parsed, value: unknown): Found[] {
  const { kind, items } = (value ?? {}) as { kind?: unknown; items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) {
    return [{ document, value, prefix: '' }];
  }
  return items.map((item: unknown, index) => ({
    document,
    value: item,
    prefix: `/items/${index}`,
  }));
}
