import { AppError, didYouMean, type ErrorItem } from '@ambit/kernel';
import type { z } from 'zod';
import { childSchema, fieldNames, narrowSchema } from './schema-walk.ts';

type Path = readonly PropertyKey[];

/** RFC 6901 pointer of a path; empty for the whole document. */
export function jsonPointer(path: Path): string {
  return path
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}

/** A path as people write it: `spec.subjects[0].user`. */
export function fieldText(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

/** Most problems that are told at once: what is all wrong is not read line by line. */
export const mostProblems = 100;

/** What is wrong with a value by its schema, at most 100 problems, in words, with pointers and the nearest known field for an unknown one. */
export function problemItems(error: z.ZodError, schema: z.ZodType, value: unknown): ErrorItem[] {
  const issues = error.issues as z.core.$ZodIssue[];
  // A rule about a whole object says nothing new once one of its fields is unknown.
  const unknown = issues.filter((issue) => issue.code === 'unrecognized_keys');
  const within = new Set(unknown.map((issue) => jsonPointer(issue.path)));
  return issues
    .slice(0, mostProblems + within.size)
    .filter((issue) => issue.code !== 'custom' || !within.has(jsonPointer(issue.path)))
    .flatMap((issue) => itemsOf(issue, schema, value))
    .slice(0, mostProblems);
}

/** The value as its schema reads it. Throws `invalid_request` with every problem; `what` names the thing in the message, `mark` words a problem anew. */
export function parseWith<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
  mark: (item: ErrorItem) => ErrorItem = (item) => item,
): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = problemItems(parsed.error, schema, value).map(mark);
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  throw new AppError(
    'invalid_request',
    `${what} is not valid: ${errors[0]?.message ?? ''}${more}`,
    {
      errors,
    },
  );
}

function itemsOf(issue: z.core.$ZodIssue, schema: z.ZodType, value: unknown): ErrorItem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = fieldNames(schemaAt(schema, issue.path, value));
    return issue.keys
      .slice(0, mostProblems)
      .map((key) => unknownField([...issue.path, key], key, known));
  }
  const near: unknown = issue.code === 'custom' ? issue.params?.['didYouMean'] : undefined;
  return [
    {
      pointer: jsonPointer(issue.path),
      message: sentence(issue, value),
      ...(typeof near === 'string' ? { didYouMean: near } : {}),
    },
  ];
}

function unknownField(path: Path, key: string, known: readonly string[]): ErrorItem {
  const [near] = didYouMean(key, known, 1);
  const pointer = jsonPointer(path);
  const unknown = `unknown field ${fieldText(path)}`;
  if (near !== undefined) {
    return { pointer, message: unknown, didYouMean: near };
  }
  return {
    pointer,
    message: known.length === 0 ? unknown : `${unknown}; known: ${known.join(', ')}`,
  };
}

function sentence(issue: z.core.$ZodIssue, value: unknown): string {
  const field = fieldText(issue.path);
  if (issue.code === 'invalid_key') {
    return `${field}: ${issue.issues[0]?.message ?? 'not a valid key'}`;
  }
  if (field !== '' && issue.code !== 'custom' && valueAt(value, issue.path) === undefined) {
    return `${field} is required`;
  }
  const words = issue.message.replace(/^Invalid (input|option): /, '');
  return field === '' ? words : `${field}: ${words}`;
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Record<PropertyKey, unknown>)[step];
  }
  return here;
}

function schemaAt(schema: z.ZodType, path: Path, value: unknown): z.ZodType | undefined {
  let here: z.ZodType | undefined = schema;
  let there = value;
  for (const step of path) {
    here = childSchema(here, step, there);
    there = valueAt(there, [step]);
  }
  return here === undefined ? undefined : narrowSchema(here, there);
}
