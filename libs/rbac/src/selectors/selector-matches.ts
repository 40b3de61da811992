import type { SelectorOperator } from '../intents.ts';

/** A requirement of a selector; `Gt` and `Lt` exist in the text form only. */
export interface Requirement {
  readonly key: string;
  readonly operator: SelectorOperator | 'Gt' | 'Lt';
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>>;

/** True when the labels meet every requirement. No selector matches nothing, one without requirements everything. */
export function selectorMatches(
  selector: { readonly requirements: readonly Requirement[] } | null | undefined,
  labels: Labels | undefined,
): boolean {
  if (selector === null || selector === undefined) return false;
  return selector.requirements.every((requirement) =>
    requirementMatches(requirement, labels ?? {}),
  );
}

function requirementMatches(requirement: Requirement, labels: Labels): boolean {
  // `constructor` is an ordinary label key: only own properties are labels.
  const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && requirement.values.includes(value);
    case 'NotIn':
      return value === undefined || !requirement.values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
    case 'Lt':
      return value !== undefined && compares(requirement, value);
    default:
      return false;
  }
}

function compares({ operator, values }: Requirement, text: string): boolean {
  const value = parseInt64(text);
  const bound = values.length === 1 ? parseInt64(values[0] ?? '') : undefined;
  if (value === undefined || bound === undefined) return false;
  return operator === 'Gt' ? value > bound : value < bound;
}

/** Go's strconv.ParseInt(text, 10, 64); undefined where it gives an error. */
export function parseInt64(text: string): bigint | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
