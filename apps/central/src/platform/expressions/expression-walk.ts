import type { ASTNode } from '@marcbachmann/cel-js';

/** What expressions of one kind look at. */
export interface Vocabulary {
  /** Names with their types. */
  readonly variables: Readonly<Record<string, string>>;
  /** True for a node that is a list, of what is no list itself. */
  isList(node: ASTNode): boolean;
  /** True for a node that gives one value of bounded size: it may stand anywhere. */
  isValue?(node: ASTNode): boolean;
  /** What is said of an `in` that looks into something else. */
  readonly listHint: string;
  /** Why a node and what it is made of cannot be used; `true` when it can, and its parts need no look. */
  judge?(node: ASTNode): string | true | undefined;
}

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

interface Place {
  /** What is done for each entry of a list. */
  readonly inside: boolean;
}

/** Looks for what an expression may not have. */
export class ExpressionWalk {
  readonly #vocabulary: Vocabulary;
  #macros = 0;
  #additions = 0;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  /** What is wrong; undefined for nothing. */
  over(node: ASTNode, place: Place = { inside: false }): string | undefined {
    const { op } = node;
    if (!operators.has(op)) return at(node, `"${op}" cannot be used here`);
    return this.#alone(node, place) ?? this.#overParts(node, place);
  }

  /** What is wrong with a node that may stand there, by what it is made of. */
  #overParts(node: ASTNode, place: Place): string | undefined {
    const { op } = node;
    if (this.#vocabulary.isValue?.(node) === true) return undefined;
    const judged = this.#vocabulary.judge?.(node);
    if (judged === true) return place.inside ? this.#inside(node) : undefined;
    if (judged !== undefined) return at(node, judged);
    if (op === 'call' || op === 'rcall') return this.#overCall(node, place);
    return this.#overAll(childrenOf(node), place);
  }

  /** What is wrong with a node whatever its parts are. */
  #alone(node: ASTNode, { inside }: Place): string | undefined {
    if (node.op === 'id' && inside && Object.hasOwn(this.#vocabulary.variables, node.args))
      return this.#inside(node);
    if (node.op === '+' && ++this.#additions > most.additions)
      return at(node, `"+" at most ${most.additions} times`);
    return node.op === 'in' && node.args[1].op !== 'list' && !this.#vocabulary.isList(node.args[1])
      ? at(node, this.#vocabulary.listHint)
      : undefined;
  }

  #inside(node: ASTNode): string {
    const name = node.op === 'id' ? node.args : Object.keys(this.#vocabulary.variables)[0];
    return at(node, `"${name}" cannot stand in what is done for each entry of a list`);
  }

  #overCall(
    node: Extract<ASTNode, { readonly op: 'call' | 'rcall' }>,
    place: Place,
  ): string | undefined {
    const [name] = node.args;
    if (name === 'matches')
      return at(
        node,
        '"matches" cannot be used: a regular expression can work for hours; use startsWith, endsWith or contains',
      );
    if (!functions.has(name)) return at(node, `"${name}" is no function that can be used here`);
    if (node.op === 'call') return this.#overAll(node.args[1], place);
    const [, receiver, given] = node.args;
    if (!macros.includes(name)) return this.#overAll([receiver, ...given], place);
    if (place.inside)
      return at(node, `"${name}" cannot stand in what is done for each entry of a list`);
    if (++this.#macros > most.macros)
      return at(node, `lists are gone through at most ${most.macros} times`);
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

/** With the place in the text, counted in characters from 1. */
const at = (node: ASTNode, problem: string): string =>
  `${problem} (at character ${node.start + 1})`;

/** Parts of a node that is no call. */
function childrenOf({ args }: ASTNode): readonly ASTNode[] {
  const parts: readonly unknown[] = Array.isArray(args) ? args : [args];
  return parts.filter(isNode);
}

const isNode = (part: unknown): part is ASTNode =>
  typeof part === 'object' && part !== null && 'op' in part;
