import type { ErrorItem } from '@ambit/kernel';
import { didYouMean } from '@ambit/kernel';
import { readText } from './text/read-text.ts';
import { keyFaults, strictYaml } from './yaml-keys.ts';

/** One value of a settings file as text, and where it stands. */
export interface FileValue {
  readonly raw: string;
  readonly place: string;
}

/** What a settings file holds: usable values by key, and what is wrong with the rest. */
export interface SettingsFile {
  readonly values: ReadonlyMap<string, FileValue>;
  readonly problems: readonly ErrorItem[];
}

interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Reads a YAML file of settings. Faults of the file are problems of the answer, never thrown. */
export async function readSettingsFile(
  file: string,
  known: ReadonlySet<string>,
): Promise<SettingsFile> {
  const source = await readText(file);
  if (source.ok) return parseSettings(file, source.text, known);
  const message = `The settings file ${file} cannot be read: ${source.reason}.`;
  return { values: new Map(), problems: [{ message }] };
}

async function parseSettings(
  file: string,
  source: string,
  known: ReadonlySet<string>,
): Promise<SettingsFile> {
  // Loaded only when there is a file: the library costs an agent about 7 MB of resident memory.
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
  const counter = new LineCounter();
  const document = parseDocument(source, { lineCounter: counter, ...strictYaml });
  const placeAt = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { file, line, column: col };
  };
  const problems: ErrorItem[] = [
    ...[...document.errors, ...document.warnings].map((error) =>
      problemAt(placeAt(error.pos[0]), error.message),
    ),
    ...keyFaults(document, counter).map(({ message, line = 1, column = 1 }) =>
      problemAt({ file, line, column }, message),
    ),
  ];
  const values = new Map<string, FileValue>();
  if (problems.length > 0 || document.contents === null) return { values, problems };
  if (!isMap(document.contents)) {
    return { values, problems: [problemAt(placeAt(0), 'expected settings as "name: value"')] };
  }
  const plain = document.toJS() as Record<string, unknown>;
  for (const { key } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const place = placeAt(key.range[0]);
    const raw = rawText(plain[name]);
    if (!known.has(name)) problems.push(unknownSetting(place, name, known));
    else if (raw === undefined) problems.push(problemAt(place, `${name}: expected one value`));
    else values.set(name, { raw, place: placeText(place) });
  }
  return { values, problems };
}

function rawText(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const words = value.map(rawText);
    return words.every((word) => word !== undefined) ? words.join(',') : undefined;
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function unknownSetting(place: Place, name: string, known: ReadonlySet<string>): ErrorItem {
  const [near] = didYouMean(name, known);
  const problem = problemAt(place, `there is no setting "${name}"`);
  return near === undefined ? problem : { ...problem, didYouMean: near };
}

function problemAt(place: Place, what: string): ErrorItem {
  return { message: `${placeText(place)}: ${what}.` };
}

function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}
