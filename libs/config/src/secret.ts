/** What stands wherever a secret would have been printed. */
export const redacted = '[redacted]';

const inspect = Symbol.for('nodejs.util.inspect.custom');

/** A text that no printing, logging, inspecting or JSON encoding shows; only `reveal` gives it. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    Object.freeze(this);
  }

  /** The text itself. Call it where the text is used, never to carry it on. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect](): string {
    return redacted;
  }
}
