import { Environment } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';

/** What an expression has to give. */
export type Gives = 'truth' | 'texts';

/** What rules look at: everything that the provider said, and the groups that it named. */
export interface ClaimsContext {
  readonly claims: Readonly<Record<string, unknown>>;
  readonly groups: readonly string[];
}

export type Evaluated<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const environment = new Environment({
  limits: {
    maxAstNodes: 200,
    maxDepth: 24,
    maxListElements: 100,
    maxMapEntries: 1,
    maxCallArguments: 4,
  },
})
  .registerVariable('claims', 'map')
  .registerVariable('groups', 'list<string>');

const macros = ['all', 'exists', 'exists_one', 'filter', 'map'];
const functions = new Set([
  ...macros,
  'has',
  'size',
  'startsWith',
  'endsWith',
  'contains',
  'substring',
  'indexOf',
]);
const operators = new Set(
  'value id . [] call rcall list ?: || && !_ == != in + < <= > >='.split(' '),
);

/** More of them would let a short expression work for long. */
const most = { macros: 2, additions: 8 };

/**
 * What is wrong with an expression; undefined for one that can be evaluated in a time that grows no faster than the claims.
 * So it has no regular expressions, no list is gone through inside another, and what is done for each entry of a list
 * looks at that entry alone.
 */
export function expressionProblem(text: string, gives: Gives): string | undefined {
  try {
    const { ast, check } = environment.parse(text);
    const outside = new Walk().over(ast);
    if (outside !== undefined) return outside;
    const { valid, type = '', error } = check();
    if (!valid) return firstLine(error);
    return fits(String(type), gives) ? undefined : wanted[gives];
  } catch (error) {
    return firstLine(error);
  }
}

const wanted: Readonly<Record<Gives, string>> = {
  truth: 'it has to give true or false',
  texts: 'it has to give a list of texts',
};

const fits = (type: string, gives: Gives): boolean =>
  type === 'dyn' ||
  (gives === 'truth' ? type === 'bool' : ['list', 'list<string>', 'list<dyn>'].includes(type));

/** True only for what gives `true`. */
export function isTrue(text: string, context: ClaimsContext): Evaluated<boolean> {
  const { ok, ...evaluated } = evaluate(text, context, 'truth');
  if (!ok) return { ok, problem: String(evaluated.problem) };
  return typeof evaluated.value === 'boolean'
    ? { ok, value: evaluated.value }
    : { ok: false, problem: wanted.truth };
}

/** The texts that it gives, as a list. */
export function textsOf(text: string, context: ClaimsContext): Evaluated<readonly string[]> {
  const { ok, ...evaluated } = evaluate(text, context, 'texts');
  if (!ok) return { ok, problem: String(evaluated.problem) };
  const { value } = evaluated;
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
    ? { ok, value }
    : { ok: false, problem: wanted.texts };
}

/** What is refused when it is written is refused here too: it may have been written by an older version. */
function evaluate(
  text: string,
  context: ClaimsContext,
  gives: Gives,
): { readonly ok: boolean; readonly value?: unknown; readonly problem?: string } {
  const problem = expressionProblem(text, gives);
  if (problem !== undefined) return { ok: false, problem };
  try {
    return { ok: true, value: environment.evaluate(text, { ...context }) };
  } catch (error) {
    return { ok: false, problem: firstLine(error) };
  }
}

/** Without the drawing of the place that follows. */
function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.slice(0, 200);
}

interface Place {
  /** What is done for each entry of a list. */
  readonly inside: boolean;
}

/** Looks for what an expression may not have. */
class Walk {
  #macros = 0;
  #additions = 0;

  over(node: ASTNode, place: Place = { inside: false }): string | undefined {
    const { op } = node;
    if (!operators.has(op)) return `"${op}" cannot be used here`;
    if (op === 'call' || op === 'rcall') return this.#overCall(node, place);
    return this.#alone(node, place) ?? this.#overAll(childrenOf(node), place);
  }

  /** What is wrong with a node whatever its parts are. */
  #alone(node: ASTNode, { inside }: Place): string | undefined {
    if (node.op === 'id' && inside && ['claims', 'groups'].includes(node.args))
      return `"${node.args}" cannot stand in what is done for each entry of a list`;
    if (node.op === '+' && ++this.#additions > most.additions)
      return `"+" at most ${most.additions} times`;
    return node.op === 'in' && !isList(node.args[1])
      ? 'after "in" comes groups or a list such as ["a", "b"]; for a list among the claims write claims.roles.exists(r, r == "a")'
      : undefined;
  }

  #overCall(
    node: Extract<ASTNode, { readonly op: 'call' | 'rcall' }>,
    place: Place,
  ): string | undefined {
    const [name] = node.args;
    if (name === 'matches')
      return '"matches" cannot be used: a regular expression can work for hours; use startsWith, endsWith or contains';
    if (!functions.has(name)) return `"${name}" is no function that can be used here`;
    if (node.op === 'call') return this.#overAll(node.args[1], place);
    const [, receiver, given] = node.args;
    if (!macros.includes(name)) return this.#overAll([receiver, ...given], place);
    if (place.inside) return `"${name}" cannot stand in what is done for each entry of a list`;
    if (++this.#macros > most.macros) return `lists are gone through at most ${most.macros} times`;
    return this.over(receiver, place) ?? this.#overAll(given, { inside: true });
  }

  #overAll(nodes: readonly ASTNode[], place: Place): string | undefined {
    for (const node of nodes) {
      const problem = this.over(node, place);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

/** Of a text, `in` would look for a part: a group "b" in a claim "abc". */
const isList = (node: ASTNode): boolean =>
  node.op === 'list' || (node.op === 'id' && node.args === 'groups');

/** Parts of a node that is no call. */
function childrenOf({ args }: ASTNode): readonly ASTNode[] {
  const parts: readonly unknown[] = Array.isArray(args) ? args : [args];
  return parts.filter(isNode);
}

const isNode = (part: unknown): part is ASTNode =>
  typeof part === 'object' && part !== null && 'op' in part;
