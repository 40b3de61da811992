import { describe, expect, test } from '@jest/globals';
import { inOneRoundTrip } from './open-transaction.ts';
import type { OpenTransaction, Statement } from './open-transaction.ts';

/** A connection that notes what goes out, and refuses the statement `refused`. */
function connection(refused?: string) {
  const log: string[] = [];
  const stream = { cork: () => log.push('('), uncork: () => log.push(')') };
  const query = async (text: string): Promise<{ text: string }[]> => {
    log.push(text);
    if (text === refused) throw new Error(`${text} is refused`);
    return [{ text }];
  };
  const client = { pipeline: false, connection: { stream }, query };
  return { log, client, open: { client, query } as unknown as OpenTransaction };
}

/** Statements of so many kilobytes each; that one is made is noted. */
function* statements(log: string[], kilobytes: readonly number[]): Iterable<Statement> {
  for (const [at, size] of kilobytes.entries()) {
    log.push(`make ${at}`);
    yield { text: `s${at}`, values: [Buffer.alloc(size * 1024), at] };
  }
}

describe('a transaction in one round trip', () => {
  test('goes out in one piece when it is small', async () => {
    const { log, open } = connection();
    const pause = async (): Promise<void> => void log.push('others');
    expect(await inOneRoundTrip(open, statements(log, [100, 100]), pause)).toEqual([
      [{ text: 's0' }],
      [{ text: 's1' }],
    ]);
    expect(log.join(' ')).toBe('( BEGIN make 0 s0 make 1 s1 COMMIT )');
  });

  test('of a large one what is made is sent, and others have their turn, before the rest is made', async () => {
    const { log, open, client } = connection();
    const pause = async (): Promise<void> => void log.push('others');
    const rows = await inOneRoundTrip(open, statements(log, [300, 200, 100, 10]), pause);
    expect(rows).toHaveLength(4);
    expect(log.join(' ')).toBe(
      '( BEGIN make 0 s0 ) others ( make 1 s1 make 2 s2 ) others ( make 3 s3 COMMIT )',
    );
    expect(client.pipeline).toBe(false);
  });

  test('ten megabytes give others forty turns', async () => {
    const { log, open } = connection();
    let turns = 0;
    await inOneRoundTrip(
      open,
      statements(
        log,
        Array.from({ length: 40 }, () => 256),
      ),
      async () => {
        turns++;
      },
    );
    expect(turns).toBe(40);
  });

  test('nothing more is made once something was refused, and the refusal is the answer', async () => {
    const { log, open } = connection('s0');
    const work = inOneRoundTrip(open, statements(log, [300, 300, 300]));
    await expect(work).rejects.toThrow('s0 is refused');
    expect(log.join(' ')).toBe('( BEGIN make 0 s0 ) ( COMMIT )');
  });

  test('a statement that cannot be made leaves no transaction open', async () => {
    const { log, open, client } = connection();
    function* broken(): Iterable<Statement> {
      yield* statements(log, [1]);
      throw new Error('cannot be made');
    }
    await expect(inOneRoundTrip(open, broken())).rejects.toThrow('cannot be made');
    expect(log.join(' ')).toBe('( BEGIN make 0 s0 ) ROLLBACK');
    expect(client.pipeline).toBe(false);
  });
});
