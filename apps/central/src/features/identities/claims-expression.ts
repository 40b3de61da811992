import { Expressions, wanted } from '../../platform/expressions/expressions.ts';
import type { Evaluated, Gives } from '../../platform/expressions/expressions.ts';

/** What rules look at: everything that the provider said, and the groups that it named. */
export interface ClaimsContext {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly groups: readonly string[];
}

const expressions = new Expressions({
  variables: { claims: 'map', groups: 'list<string>' },
  // Of a text, `in` would look for a part: a group "b" in a claim "abc".
  isList: (node) => node.op === 'id' && node.args === 'groups',
  listHint:
    'after "in" comes groups or a list such as ["a", "b"]; for a list among the claims write claims.roles.exists(r, r == "a")',
});

/** What is wrong with an expression; undefined for one that can be evaluated in a time that grows no faster than the claims. */
export const expressionProblem = (text: string, gives: Gives): string | undefined =>
  expressions.problem(text, gives);

/** True only for what gives `true`. */
export function isTrue(text: string, context: ClaimsContext): Evaluated<boolean> {
  const evaluated = evaluate(text, context, 'truth');
  if (!evaluated.ok) return evaluated;
  return typeof evaluated.value === 'boolean'
    ? { ok: true, value: evaluated.value }
    : { ok: false, problem: wanted.truth };
}

/** The texts that it gives, as a list. */
export function textsOf(text: string, context: ClaimsContext): Evaluated<readonly string[]> {
  const evaluated = evaluate(text, context, 'texts');
  if (!evaluated.ok) return evaluated;
  const { value } = evaluated;
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
    ? { ok: true, value }
    : { ok: false, problem: wanted.texts };
}

function evaluate(text: string, context: ClaimsContext, gives: Gives): Evaluated<unknown> {
  const parsed = expressions.parse(text, gives);
  return parsed.ok ? parsed.value.evaluate({ ...context }) : parsed;
}
