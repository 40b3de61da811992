import { describe, expect, test } from '@jest/globals';
import { ApplyRequest, parseRequest } from '@ambit/contracts';
import { toAppError } from '@ambit/kernel';
import { objectsAtOnce, readPiecewise } from './read-piecewise.ts';

const user = (at: number): object => ({
  apiVersion: 'ambit.dev/v1',
  kind: 'User',
  metadata: { name: `u-${at}` },
});
const users = (count: number): object[] => Array.from({ length: count }, (_, at) => user(at));

/** What is read, and how often others had their turn meanwhile. */
async function read(body: unknown) {
  let pauses = 0;
  const pause = async (): Promise<void> => void pauses++;
  const value = await readPiecewise((part) => parseRequest('ApplyRequest', part), body, pause);
  return { value, pauses };
}

describe('a body of many objects', () => {
  test.each([1, objectsAtOnce, objectsAtOnce + 1, 10_000])(
    '%i objects are read as in one go, with a pause after each hundred',
    async (count) => {
      const body = { objects: users(count), dryRun: 'All' };
      const { value, pauses } = await read(body);
      expect(value).toEqual(ApplyRequest.parse(body));
      expect(pauses).toBe(Math.ceil(count / objectsAtOnce) - 1);
    },
  );

  test('problems have their places in the whole, and too many objects are refused at once', async () => {
    const objects = [...users(250), { ...user(1), kind: 'Usr' }];
    const error = toAppError(await read({ objects }).catch((thrown: unknown) => thrown));
    expect(error.extras.errors?.[0]).toMatchObject({ document: 250 });
    await expect(read({ objects: users(10_001) })).rejects.toThrow();
    await expect(read({ objects: users(200), unknown: 1 })).rejects.toThrow(/unknown/);
    await expect(read({ objects: 'all' })).rejects.toThrow();
    await expect(read({ objects: [...users(150), user(3)] })).rejects.toThrow(/u-3/);
  });
});
