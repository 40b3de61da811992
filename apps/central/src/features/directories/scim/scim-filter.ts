import { readInstant } from '@ambit/kernel';
import { compares, filterableType } from '@ambit/persistence';
import type { Compare, DirectoryFilter } from '@ambit/persistence';
import { parse } from 'scim2-parse-filter';
import type { Filter } from 'scim2-parse-filter';
import { badRequest } from './scim-error.ts';
import { extensionNamed } from './scim-schema.ts';
import type { ResourceShape } from './scim-schema.ts';

const longest = 2_048;
const mostParts = 50;

/**
 * A text as the syntax of filters. It is looked at before the parser sees it: that one works for hours on line breaks in a
 * text without an end, and calls itself for each parenthesis. Throws `invalid_request`.
 */
export function parsedFilter(text: string, what = 'filter'): Filter {
  const refuse = (why: string): never => {
    throw badRequest('invalidFilter', `The ${what} cannot be read: ${why}.`);
  };
  if (text.length > longest) return refuse(`it has more than ${longest} characters`);
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(text)) return refuse('it holds characters that cannot be seen');
  if ((text.match(/[([]|\bnot\b/gi)?.length ?? 0) > mostParts)
    return refuse('it has too many parts');
  try {
    return parse(text);
  } catch {
    return refuse('an example is userName eq "alice@acme.io"');
  }
}

/** What a list is asked for, in attributes by which it can be filtered. Throws `invalid_request`. */
export function directoryFilter(text: string, shape: ResourceShape): DirectoryFilter {
  let parts = 0;
  const walk = (filter: Filter, inside: string): DirectoryFilter => {
    if (++parts > mostParts) throw badRequest('invalidFilter', 'The filter has too many parts.');
    switch (filter.op) {
      case 'and':
      case 'or':
        return { op: filter.op, filters: filter.filters.map((each) => walk(each, inside)) };
      case 'not':
        return { op: 'not', filter: walk(filter.filter, inside) };
      case '[]':
        return walk(filter.valFilter, `${filter.attrPath}.`);
      case 'pr':
        return { op: 'pr', attribute: attributeOf(`${inside}${filter.attrPath}`, shape).name };
      default:
        return comparison(filter, `${inside}${filter.attrPath}`);
    }
  };
  const comparison = (
    { op, compValue }: Extract<Filter, { readonly compValue: unknown }>,
    path: string,
  ): DirectoryFilter => {
    // Which of several addresses it is makes no difference to who is found.
    if (/^(?:emails|roles)\.(?:type|primary)$/i.test(path)) return { op: 'pr', attribute: 'id' };
    const { name, type } = attributeOf(path, shape);
    if (!isCompare(op)) throw badRequest('invalidFilter', `"${String(op)}" compares nothing.`);
    if (compValue === null) return { op: 'not', filter: { op: 'pr', attribute: name } };
    const value = type === 'boolean' ? String(compValue).toLowerCase() : compValue;
    requireFit(name, type, { op, value: String(value) });
    return { op, attribute: name, value };
  };
  return walk(parsedFilter(text), '');
}

const isCompare = (op: string): op is Compare => (compares as readonly string[]).includes(op);

function attributeOf(
  path: string,
  shape: ResourceShape,
): { readonly name: string; readonly type: NonNullable<ReturnType<typeof filterableType>> } {
  const core = `${shape.schema}:`.toLowerCase();
  const lower = path.toLowerCase();
  const name = lower.startsWith(core) ? lower.slice(core.length) : lower;
  const type = filterableType(shape.kind, name);
  if (type !== undefined) return { name, type };
  const known = extensionNamed(shape, name) === undefined ? '' : ' as a whole';
  throw badRequest('invalidFilter', `${shape.kind}s cannot be filtered by ${path}${known}.`);
}

function requireFit(
  name: string,
  type: string,
  { op, value }: { readonly op: Compare; readonly value: string },
): void {
  if (type === 'boolean' && !['true', 'false'].includes(value))
    throw badRequest('invalidFilter', `${name} is compared with true or false.`);
  if (type === 'boolean' && !['eq', 'ne'].includes(op))
    throw badRequest('invalidFilter', `${name} is compared by eq or ne.`);
  if (type !== 'time') return;
  if (!readInstant(value).ok)
    throw badRequest(
      'invalidFilter',
      `${name} is compared with a time such as 2027-01-31T12:00:00Z.`,
    );
  if (['co', 'sw', 'ew'].includes(op))
    throw badRequest('invalidFilter', `${name} is a time, of which nothing is a part.`);
}
