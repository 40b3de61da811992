import type pg from 'pg';

const copyDone = Buffer.from('c\0\0\0\x04', 'latin1');
const lengthBytes = 4;

/** PostgreSQL, "Message Formats", CopyData. */
function headOf(data: Buffer): Buffer {
  const head = Buffer.from('d\0\0\0\0', 'latin1');
  head.writeUInt32BE(data.length + lengthBytes, 1);
  return head;
}

/**
 * A COPY whose rows are all there. They go out together with the statement, before PostgreSQL says that it wants them: when
 * it refuses the statement or a row it steps over what comes behind (documentation of COPY in the protocol).
 */
class CopyIn implements pg.Submittable {
  readonly #text: string;
  readonly #data: readonly Buffer[];
  readonly #done = Promise.withResolvers<void>();

  constructor(text: string, data: readonly Buffer[]) {
    this.#text = text;
    this.#data = data;
  }

  get done(): Promise<void> {
    return this.#done.promise;
  }

  submit(connection: pg.Connection): void {
    const { stream } = connection;
    // One write to the socket and not one for each part.
    stream.cork();
    connection.query(this.#text);
    for (const data of this.#data) {
      stream.write(headOf(data));
      stream.write(data);
    }
    stream.write(copyDone);
    stream.uncork();
  }

  // The rest is what a client of pg calls as answers come.

  handleCopyInResponse(): void {}

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#done.resolve();
  }

  handleError(error: unknown): void {
    this.#done.reject(error);
  }
}

/** Runs `COPY … FROM STDIN` with this data, in one round trip. */
export function copyIn(
  client: pg.ClientBase,
  text: string,
  data: readonly Buffer[],
): Promise<void> {
  return client.query(new CopyIn(text, data)).done;
}
