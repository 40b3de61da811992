import { compareText, labelKeyProblem, labelValueProblem } from '@ambit/kernel';
import { parseInt64, type Requirement } from './selector-matches.ts';
import { scanSelectorText, type Token } from './scan-selector-text.ts';

/** A selector read from text; it may hold `Gt` and `Lt`, which the object form lacks. */
export type SelectorTextResult =
  | { readonly ok: true; readonly selector: { readonly requirements: readonly Requirement[] } }
  | { readonly ok: false; readonly message: string };

class SyntaxFault extends Error {}

/**
 * Reads the text form as kubectl and the API server do (apimachinery, pkg/labels/selector.go): `x in ()` and `x=` mean
 * the empty value, a trailing comma is an error, the empty text selects everything.
 */
export function parseSelectorText(text: string): SelectorTextResult {
  try {
    const requirements = new Parser(scanSelectorText(text)).requirements();
    requirements.sort((a, b) => compareText(a.key, b.key));
    return { ok: true, selector: { requirements } };
  } catch (fault) {
    if (fault instanceof SyntaxFault) return { ok: false, message: fault.message };
    throw fault;
  }
}

const binaryOperators: Readonly<Record<string, Requirement['operator']>> = {
  in: 'In',
  notin: 'NotIn',
  '=': 'In',
  '==': 'In',
  '!=': 'NotIn',
  '>': 'Gt',
  '<': 'Lt',
};

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  requirements(): Requirement[] {
    const found: Requirement[] = [];
    if (this.#peek().type === 'end') return found;
    for (;;) {
      found.push(this.#requirement());
      const next = this.#next();
      if (next.type === 'end') return found;
      if (!isSymbol(next, ',')) throw expected(next, "',' or the end");
    }
  }

  #requirement(): Requirement {
    const negated = isSymbol(this.#peek(), '!');
    if (negated) this.#next();
    const key = this.#next();
    if (key.type !== 'word') throw expected(key, 'a label key');
    check(key.text, labelKeyProblem(key.text));
    if (negated) return { key: key.text, operator: 'DoesNotExist', values: [] };
    const next = this.#peek();
    if (next.type !== 'end' && !isSymbol(next, ',')) return this.#comparison(key.text);
    return { key: key.text, operator: 'Exists', values: [] };
  }

  #comparison(key: string): Requirement {
    const token = this.#next();
    const operator = Object.hasOwn(binaryOperators, token.text)
      ? binaryOperators[token.text]
      : undefined;
    if (operator === undefined) throw expected(token, 'in, notin, =, ==, !=, > or <');
    const values = token.type === 'word' ? this.#list() : [this.#exactValue()];
    for (const value of values) check(value, valueProblem(operator, value));
    return { key, operator, values };
  }

  #exactValue(): string {
    const next = this.#peek();
    if (next.type === 'end' || isSymbol(next, ',')) return '';
    this.#next();
    if (next.type !== 'word') throw expected(next, 'a value');
    return next.text;
  }

  #list(): string[] {
    const open = this.#next();
    if (!isSymbol(open, '(')) throw expected(open, "'('");
    const values = new Set<string>();
    // Between commas and brackets stands one word or nothing, which is the empty value.
    for (;;) {
      const word = this.#peek();
      if (word.type === 'word') this.#next();
      values.add(word.type === 'word' ? word.text : '');
      const next = this.#next();
      if (isSymbol(next, ')')) break;
      if (!isSymbol(next, ',')) throw expected(next, "',' or ')'");
    }
    return [...values].sort(compareText);
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }
}

function valueProblem(operator: Requirement['operator'], value: string): string | undefined {
  const numeric = operator === 'Gt' || operator === 'Lt';
  if (numeric && parseInt64(value) === undefined) return '> and < need a whole number';
  return labelValueProblem(value);
}

function isSymbol(token: Token, text: string): boolean {
  return token.type === 'symbol' && token.text === text;
}

function check(text: string, problem: string | undefined): void {
  if (problem !== undefined) throw new SyntaxFault(`${JSON.stringify(text)}: ${problem}`);
}

function expected(token: Token, what: string): SyntaxFault {
  const found = token.type === 'end' ? 'the end' : JSON.stringify(token.text);
  return new SyntaxFault(`found ${found} where ${what} is expected`);
}
