import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { Seal } from './sealing.ts';

const secret = randomBytes(32);
const seal = new Seal(secret, 'installation', 'keys');

describe('what is sealed', () => {
  test('opens with the same secret under the same name, and shows nothing', () => {
    const sealed = seal.close('a private key', 'one');
    expect(seal.open(sealed, 'one')).toBe('a private key');
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('private');
    expect(seal.close('a private key', 'one')).not.toEqual(sealed);
  });

  test.each([
    ['another name', seal, 'two'],
    ['another secret', new Seal(randomBytes(32), 'installation', 'keys'), 'one'],
    ['another installation', new Seal(secret, 'other', 'keys'), 'one'],
    ['another purpose', new Seal(secret, 'installation', 'cookies'), 'one'],
  ])('does not open with %s', (_, other, name) => {
    expect(() => other.open(seal.close('text', 'one'), name)).toThrow('sealing key');
  });

  test('does not open when any byte of it is another one, or it is cut', () => {
    const sealed = seal.close('text', 'one');
    for (const at of sealed.keys()) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => seal.open(changed, 'one')).toThrow('sealing key');
      expect(() => seal.open(sealed.subarray(0, at), 'one')).toThrow('sealing key');
    }
  });
});
