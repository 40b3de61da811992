/** Takes a stream apart into lines and pieces of a known size, and says when it ends too early. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** A line with its end; undefined at the end of the stream, and where a line is longer than `most` bytes or cut. */
  async line(most: number): Promise<Buffer | undefined> {
    for (;;) {
      const end = this.#held.indexOf('\n');
      if (end >= 0) return end < most ? this.#take(end + 1) : undefined;
      if (this.#held.length >= most || !(await this.#more())) return undefined;
    }
  }

  /** Exactly so many; undefined where the stream ends before. */
  async bytes(count: number): Promise<Buffer | undefined> {
    while (this.#held.length < count) if (!(await this.#more())) return undefined;
    return this.#take(count);
  }

  async atEnd(): Promise<boolean> {
    return this.#held.length === 0 && !(await this.#more());
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count);
    this.#held = this.#held.subarray(count);
    return taken;
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done === true) return false;
    this.#held = this.#held.length === 0 ? value : Buffer.concat([this.#held, value]);
    return true;
  }
}
