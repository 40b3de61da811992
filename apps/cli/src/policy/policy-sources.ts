import { stat } from 'node:fs/promises';
import { duplicateObjects } from '@ambit/contracts';
import { AppError, counted, type ErrorItem } from '@ambit/kernel';
import { readNamed } from '../profile/named-file.ts';
import { parsePolicyFile, type PlacedObject } from './policy-file.ts';
import { policyFolder } from './policy-folder.ts';

interface Source {
  readonly name: string;
  readonly text: string;
}

interface Surroundings {
  readonly readInput: () => Promise<string>;
  /** Told what of a folder is not read, and why. */
  readonly say: (line: string) => void;
}

/**
 * Every object of the files, folders (`.yaml`, `.yml`, `.json`, with those below, by name) and `-` (standard input).
 * Throws `invalid_policy` with every problem of every file, `usage` when there is nothing.
 */
export async function readPolicySources(
  paths: readonly string[],
  around: Surroundings,
): Promise<PlacedObject[]> {
  const sources: Source[] = [];
  for (const path of paths) sources.push(...(await sourcesAt(path, around)));
  const objects: PlacedObject[] = [];
  const problems: ErrorItem[] = [];
  for (const { name, text } of sources) {
    const parsed = parsePolicyFile(text);
    if (!parsed.ok) problems.push(...parsed.problems.map((item) => inFile(name, item)));
    else objects.push(...parsed.objects.map((one) => inSource(name, one)));
  }
  for (const { document, message } of duplicateObjects(objects.map(({ object }) => object))) {
    const item = { message, pointer: '/metadata/name' };
    problems.push(objects[document]?.place(item) ?? item);
  }
  if (problems.length > 0) throw invalid(problems);
  if (objects.length === 0) {
    throw new AppError('usage', `no policy objects in ${paths.join(', ')}`);
  }
  return objects;
}

function inSource(name: string, { object, place }: PlacedObject): PlacedObject {
  return { object, place: (item) => inFile(name, place(item)) };
}

/** The error of central about a set of objects with the file, line and column of each problem. */
export function withPlaces(error: AppError, objects: readonly PlacedObject[]): AppError {
  const errors = error.extras.errors?.map(({ document, ...item }) =>
    document === undefined ? item : (objects[document]?.place(item) ?? item),
  );
  if (errors === undefined) return error;
  return new AppError(error.code, error.message, { ...error.extras, errors, cause: error });
}

function inFile(name: string, item: ErrorItem): ErrorItem {
  const where = item.line === undefined ? name : `${name}:${item.line}:${item.column ?? 1}`;
  const { didYouMean } = item;
  return {
    message: `${where}: ${item.message}`,
    ...(didYouMean === undefined ? {} : { didYouMean }),
  };
}

function invalid(problems: readonly ErrorItem[]): AppError {
  const count = counted(problems.length, 'problem');
  return new AppError('invalid_policy', `${count} in the policy; nothing was changed`, {
    errors: problems,
  });
}

async function sourcesAt(path: string, { readInput, say }: Surroundings): Promise<Source[]> {
  if (path === '-') return [{ name: '-', text: await readInput() }];
  if (!(await isFolder(path))) return [{ name: path, text: await readNamed(path) }];
  const { files, skipped } = await policyFolder(path);
  skipped.forEach(say);
  const sources: Source[] = [];
  for (const file of files) sources.push({ name: file, text: await readNamed(file) });
  return sources;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
