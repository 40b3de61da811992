import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { PolicyDocument } from '@ambit/contracts';
import { FakeClock } from '@ambit/testing';
import { ApplyDocuments } from './apply-documents.ts';
import { PolicyKinds } from './policy-kind.ts';
import type { ServedKind } from './policy-kind.ts';

/** A kind that does nothing; what was put is noted. */
function served(put: string[]): ServedKind {
  const kind = {
    kind: 'User',
    problems: async () => [],
    put: async (_: unknown, { metadata: { name } }: PolicyDocument) => {
      put.push(name);
      return { outcome: 'created', record: { uid: name, name, resourceVersion: 0 } };
    },
  };
  return kind as unknown as ServedKind;
}

/** Puts so many users, and tells how many were put at each turn that others had. */
async function turnsOf(count: number): Promise<readonly number[]> {
  const put: string[] = [];
  const names = { uid: () => undefined, add: () => undefined };
  const tx = { names: { find: async () => names, expect: async () => undefined } };
  const commit = {
    run: async (_: unknown, work: (given: unknown) => Promise<unknown>) => ({
      value: await work(tx),
      revision: 2,
    }),
  };
  const kinds = new PolicyKinds([served(put)]);
  const apply = new ApplyDocuments(commit as never, {} as never, kinds, new FakeClock());
  const documents = Array.from({ length: count }, (_, at) => ({
    kind: 'User',
    metadata: { name: `u${String(at).padStart(5, '0')}` },
  }));
  const seen: number[] = [];
  const work = apply.execute(documents as never, { source: 'api' } as never);
  let over = false;
  void work.then(() => (over = true));
  while (!over) {
    await setImmediate();
    seen.push(put.length);
  }
  expect((await work).value).toHaveLength(count);
  return seen;
}

describe('a set of documents', () => {
  test('of a few is worked out in one turn', async () => {
    expect(await turnsOf(99)).toEqual([99]);
  });

  test('of ten thousand lets others have their turn after every hundred', async () => {
    const seen = await turnsOf(10_000);
    expect(seen.length).toBeGreaterThanOrEqual(200);
    const steps = seen.map((count, at) => count - (seen[at - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(100);
  });
});
