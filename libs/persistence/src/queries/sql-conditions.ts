import type { LabelRequirement, LabelSelector } from '@ambit/rbac';
import { AppError } from '@ambit/kernel';

/** Collects conditions and their values. Text of a caller is only ever a value, never part of the statement. */
export class SqlConditions {
  readonly values: unknown[];
  readonly #conditions: string[];

  constructor(conditions: readonly string[] = [], values: readonly unknown[] = []) {
    this.#conditions = [...conditions];
    this.values = [...values];
  }

  /** The placeholder of a new value. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  add(condition: string): void {
    this.#conditions.push(condition);
  }

  /** One expression that is true where all of them are. */
  all(): string {
    return this.#conditions.length === 0 ? 'true' : this.#conditions.join(' AND ');
  }

  where(): string {
    return this.#conditions.length === 0 ? '' : `WHERE ${this.all()}`;
  }
}

/** A column as search indexes have it: no equality ever matches such an index, and a search never the one of names. */
const searchText = (column: string): string => `(${column} || '')`;

/** What is looked for, as it is given. Throws invalid_request. */
export function checkedSearch(q: string): string {
  if (q.length <= 256) return q;
  throw new AppError('invalid_request', 'q may have at most 256 characters.');
}

/** `columns` are ours; `%`, `_` and `\` of the caller stand for themselves. Throws invalid_request. */
export function addSearch(conditions: SqlConditions, columns: readonly string[], q: string): void {
  const pattern = conditions.value(`%${checkedSearch(q).replace(/[\\%_]/g, '\\$&')}%`);
  const texts = columns.map((column) => `${searchText(column)} ILIKE ${pattern}`);
  conditions.add(`(${texts.join(' OR ')})`);
}

function requirement(
  conditions: SqlConditions,
  { key, operator, values }: LabelRequirement,
): string {
  const name = conditions.value(key);
  if (operator === 'Exists') return `t.labels ? ${name}`;
  if (operator === 'DoesNotExist') return `NOT t.labels ? ${name}`;
  const among = `t.labels ->> ${name} = ANY(${conditions.value(values)}::text[])`;
  // Kubernetes: NotIn selects objects without the key too.
  if (operator === 'NotIn') return `(${among}) IS NOT TRUE`;
  const [only] = values;
  if (values.length !== 1 || only === undefined) return among;
  // Containment can use the index; -> > cannot.
  return `t.labels @> ${conditions.value(JSON.stringify({ [key]: only }))}::jsonb AND ${among}`;
}

export function addSelector(conditions: SqlConditions, selector: LabelSelector): void {
  for (const one of selector.requirements) conditions.add(requirement(conditions, one));
}
