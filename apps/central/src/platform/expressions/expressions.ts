import { Environment } from '@marcbachmann/cel-js';
import type { ASTNode, ParseResult } from '@marcbachmann/cel-js';
import { ExpressionWalk } from './expression-walk.ts';
import type { Vocabulary } from './expression-walk.ts';

/** What an expression has to give. */
export type Gives = 'truth' | 'texts';

export type Evaluated<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** An expression that may be evaluated. */
export interface ParsedExpression {
  readonly ast: ASTNode;
  evaluate(context: Readonly<Record<string, unknown>>): Evaluated<unknown>;
}

/** Texts whose parsing is remembered; a text is parsed once, however many people are judged by it. */
const mostRemembered = 2_000;

/**
 * Expressions in CEL that somebody wrote, over the variables of one vocabulary. All of them are bounded alike: an expression
 * is evaluated in a time that grows no faster than what it looks at, so it has no regular expressions, no list is gone through
 * inside another, and what is done for each entry of a list looks at that entry alone.
 */
export class Expressions {
  readonly #vocabulary: Vocabulary;
  readonly #environment: Environment;
  readonly #remembered = new Map<string, Evaluated<ParsedExpression>>();

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    let environment = new Environment({
      limits: {
        maxAstNodes: 200,
        maxDepth: 24,
        maxListElements: 100,
        maxMapEntries: 1,
        maxCallArguments: 4,
      },
    });
    for (const [name, type] of Object.entries(vocabulary.variables))
      environment = environment.registerVariable(name, type);
    this.#environment = environment;
  }

  /** What is wrong with an expression, and where when that can be told; undefined for one that can be evaluated. */
  problem(text: string, gives: Gives): string | undefined {
    const parsed = this.parse(text, gives);
    return parsed.ok ? undefined : parsed.problem;
  }

  /** What is refused when it is written is refused here too: it may have been written by an older version. */
  parse(text: string, gives: Gives): Evaluated<ParsedExpression> {
    const key = `${gives} ${text}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const parsed = this.#parse(text, gives);
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(key, parsed);
    return parsed;
  }

  #parse(text: string, gives: Gives): Evaluated<ParsedExpression> {
    try {
      const parsed = this.#environment.parse(text);
      const outside = new ExpressionWalk(this.#vocabulary).over(parsed.ast);
      if (outside !== undefined) return { ok: false, problem: outside };
      const { valid, type = '', error } = parsed.check();
      if (!valid) return { ok: false, problem: placed(error) };
      if (!fits(String(type), gives)) return { ok: false, problem: wanted[gives] };
      return { ok: true, value: { ast: parsed.ast, evaluate: evaluator(parsed) } };
    } catch (error) {
      return { ok: false, problem: placed(error) };
    }
  }
}

const evaluator =
  (parsed: ParseResult): ParsedExpression['evaluate'] =>
  (context) => {
    try {
      return { ok: true, value: parsed({ ...context }) as unknown };
    } catch (error) {
      return { ok: false, problem: firstLine(error) };
    }
  };

export const wanted: Readonly<Record<Gives, string>> = {
  truth: 'it has to give true or false',
  texts: 'it has to give a list of texts',
};

const fits = (type: string, gives: Gives): boolean =>
  type === 'dyn' ||
  (gives === 'truth' ? type === 'bool' : ['list', 'list<string>', 'list<dyn>'].includes(type));

/** With the place in the text, counted in characters from 1. */
function placed(error: unknown): string {
  const { range } = (error ?? {}) as { readonly range?: { readonly start: number } };
  const line = firstLine(error);
  return range === undefined ? line : `${line} (at character ${range.start + 1})`;
}

/** Without the drawing of the place that follows. */
function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.slice(0, 200);
}
