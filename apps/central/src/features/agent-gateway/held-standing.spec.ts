import { describe, expect, test } from '@jest/globals';
import { heldStanding } from './held-standing.ts';

const lineage = Buffer.alloc(16, 1);
const ours = { stateEpoch: 2, revision: 90, lineage };
const held = { stateEpoch: 2, revision: 90, lineage };

describe('what an agent holds, beside the database', () => {
  test.each([
    ['the same', held, 'behind'],
    ['one without a lineage', { ...held, lineage: new Uint8Array() }, 'behind'],
    ['a higher revision', { ...held, revision: 91 }, 'ahead'],
    ['a higher epoch with a lower revision', { ...held, stateEpoch: 3, revision: 1 }, 'ahead'],
    ['a known revision with another lineage', { ...held, lineage: Buffer.alloc(16) }, 'diverged'],
    ['a higher revision of a lower epoch', { ...held, stateEpoch: 1, revision: 99 }, 'behind'],
  ] as const)('%s', (_, given, standing) => {
    expect(heldStanding(given, ours)).toBe(standing);
  });

  test('a revision that the database left out', () => {
    expect(heldStanding(held, { stateEpoch: 2, revision: 99 })).toBe('diverged');
  });
});
