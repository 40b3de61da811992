import { localError } from './kube-error.ts';

const newline = 0x0a;
/** An object of 1.5 MiB in etcd is up to three times that as JSON. */
const defaultMaxLineBytes = 16 * 1024 * 1024;

/**
 * Cuts a byte stream into lines. They stay bytes, so that a character cut between two chunks stays whole and nothing is
 * decoded that nobody reads; the parts of a long line are joined once.
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(maxLineBytes: number = defaultMaxLineBytes) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that `chunk` completes, without empty ones. Throws `KubeError` `BadAnswer` on a line without end. */
  push(chunk: Uint8Array): Buffer[] {
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      const line = this.#take(chunk.subarray(start, end));
      if (line.length > 0) lines.push(line);
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  #keep(rest: Uint8Array): void {
    if (rest.length === 0) return;
    this.#size += rest.length;
    if (this.#size > this.#maxLineBytes) {
      throw localError(
        'BadAnswer',
        `a line of the watch is longer than ${this.#maxLineBytes} bytes`,
      );
    }
    this.#parts.push(rest);
  }

  #take(last: Uint8Array): Buffer {
    const line =
      this.#parts.length === 0
        ? Buffer.from(last.buffer, last.byteOffset, last.length)
        : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#size = 0;
    return line;
  }
}
