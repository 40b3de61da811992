import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import fc from 'fast-check';
import { decodeRpcStatus, encodeRpcStatus, textWithin } from './rpc-status.ts';

const bytesOf = (text: string): number => Buffer.byteLength(text);

describe('a refusal in the trailers of a call', () => {
  test('tells as many faulty places as fit, and how many more there are', () => {
    const errors = Array.from({ length: 5_000 }, (_, at) => ({
      document: at,
      pointer: `/spec/subjects/${at}/user`,
      message: `there is no User somebody-whose-name-is-long-${at}@example.com`,
    }));
    const error = new AppError('invalid_policy', '5000 problems in 5000 objects', { errors });
    const told = decodeRpcStatus(encodeRpcStatus(error, 3, 'r'))?.extras.errors ?? [];
    expect(told.length).toBeGreaterThan(10);
    expect(told.slice(0, -1).map(({ message }) => message)).toEqual(
      errors.slice(0, told.length - 1).map(({ message }) => message),
    );
    expect(told.at(-1)?.message).toBe(`and ${5_001 - told.length} more`);
  });

  test('fits into the headers that clients take, whatever it says', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    const items = fc.array(fc.record({ pointer: text.map((each) => `/${each}`), message: text }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        text,
        fc.record({ why: text, hint: text, nextCommand: text, errors: items }),
        (message, extras) => {
          const error = new AppError('invalid_policy', message, extras);
          const encoded = encodeRpcStatus(error, 3, 'an id of a request');
          const inBase64 = Buffer.from(encoded).toString('base64').length;
          const header = encodeURIComponent(textWithin(message, 512)).length;
          expect(inBase64 + header).toBeLessThan(7_500);
          expect(decodeRpcStatus(encoded)?.code).toBe('invalid_policy');
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is cut between letters, and no more than has to be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(40), (text, bytes) => {
        const cut = textWithin(text, bytes);
        expect(bytesOf(cut)).toBeLessThanOrEqual(bytes);
        expect(cut.isWellFormed()).toBe(true);
        if (bytesOf(text) <= bytes) expect(cut).toBe(text.toWellFormed());
      }),
    );
  });
});
