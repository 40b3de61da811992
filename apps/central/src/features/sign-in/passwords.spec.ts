import { describe, expect, test } from '@jest/globals';
import { hashPassword, isPassword } from './passwords.ts';

/** Time on the processor, so that a busy machine does not count. */
const fastest = async (work: () => Promise<unknown>): Promise<number> => {
  const took: number[] = [];
  for (let at = 0; at < 5; at++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    took.push(user + system);
  }
  return Math.min(...took);
};

describe('a password', () => {
  test('is kept as argon2id with the parameters that are stated', async () => {
    const stored = await hashPassword('correct horse battery', 'somewhere');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await isPassword(stored, 'correct horse battery', 'somewhere')).toBe(true);
    expect(await isPassword(stored, 'correct horse batterz', 'somewhere')).toBe(false);
  });

  test('of nobody is never right, and is looked at for as long', async () => {
    expect(await isPassword(undefined, 'nobody has this password', 'somewhere')).toBe(false);
    const stored = await hashPassword('correct horse battery', 'somewhere');
    const known = await fastest(() => isPassword(stored, 'wrong', 'somewhere'));
    const unknown = await fastest(() => isPassword(undefined, 'wrong', 'somewhere'));
    expect(unknown).toBeGreaterThan(known / 3);
    expect(unknown).toBeLessThan(known * 3);
  });

  test('is refused when too many of one place wait', async () => {
    const many = Array.from({ length: 20 }, async () => isPassword(undefined, 'wrong', 'a place'));
    const done = await Promise.allSettled(many);
    const refused = done.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ reason: { code: 'rate_limited' } });
  });
});
