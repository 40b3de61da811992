/** Most texts it remembers; beyond it starts anew, and only later equals are no longer shared with earlier ones. */
const limit = 65_536;

/** Gives equal texts one instance: user names stand in many intents, each decoded from bytes of its own. */
export class Interner {
  #texts = new Map<string, string>();

  text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= limit) this.#texts = new Map();
    this.#texts.set(text, text);
    return text;
  }
}
