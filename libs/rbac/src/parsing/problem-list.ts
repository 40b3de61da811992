import { didYouMean, type ErrorItem } from '@ambit/kernel';

/** A value, or everything that is wrong with what it was to be read from. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ErrorItem[] };

/** RFC 6901 pointer of a member of what `pointer` points to. */
export function pointerTo(pointer: string, member: string | number): string {
  return `${pointer}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Reads unknown values and gathers every problem, so that one look mends a file. */
export class ProblemList {
  readonly #items: ErrorItem[] = [];

  push(item: ErrorItem): void {
    this.#items.push(item);
  }

  add(pointer: string, message: string): void {
    this.#items.push({ pointer, message });
  }

  addIf(pointer: string, message: string | undefined): void {
    if (message !== undefined) this.add(pointer, message);
  }

  /** The members of an object; with `known`, other members are problems. */
  object(value: unknown, pointer: string, known?: readonly string[]): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.add(pointer, 'must be an object');
      return {};
    }
    for (const member of Object.keys(value)) {
      if (known !== undefined && !known.includes(member)) this.#unknown(member, pointer, known);
    }
    // Without a prototype, so that a member called `constructor` is read as absent when it is.
    return Object.assign(Object.create(null) as Record<string, unknown>, value);
  }

  array(value: unknown, pointer: string): readonly unknown[] {
    if (Array.isArray(value)) return value;
    this.add(pointer, 'must be a list');
    return [];
  }

  text(value: unknown, pointer: string): string {
    if (typeof value === 'string' && value !== '') return value;
    this.add(pointer, 'must be a text that is not empty');
    return '';
  }

  /** A list of texts; an empty text is one. */
  texts(value: unknown, pointer: string): string[] {
    return this.array(value, pointer).flatMap((item, index) => {
      if (typeof item === 'string') return [item];
      this.add(pointerTo(pointer, index), 'must be a text');
      return [];
    });
  }

  result<T>(make: () => T): Parsed<T> {
    if (this.#items.length > 0) return { ok: false, problems: this.#items };
    return { ok: true, value: make() };
  }

  #unknown(member: string, pointer: string, known: readonly string[]): void {
    const near = didYouMean(member, known, 1)[0];
    const item = { pointer: pointerTo(pointer, member), message: `unknown field "${member}"` };
    this.#items.push(near === undefined ? item : { ...item, didYouMean: near });
  }
}
