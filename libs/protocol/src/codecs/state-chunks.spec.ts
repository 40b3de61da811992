import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codecOf } from './codec.ts';
import { stateMessages } from '../core/chunking.ts';
import type { CentralMessage } from '../core/generated/messages.ts';
import { bytesOf, envelopeOf } from '../core/session.test-support.ts';

const codec = codecOf<CentralMessage>('CentralMessage');
const keyArbitrary = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });

describe('the chunks of a state', () => {
  test('hold everything once and in order, removals first, none over the limit', () => {
    const entryArbitrary = fc.record({
      key: keyArbitrary,
      body: fc.uint8Array({ maxLength: 900 }),
    });
    fc.assert(
      fc.property(
        fc.array(keyArbitrary, { maxLength: 60 }),
        fc.array(entryArbitrary, { maxLength: 60 }),
        (removed, entries) => {
          const manifest = envelopeOf('manifest', {});
          const base = { revision: 1, root: bytesOf('root') };
          const transfer = { nonce: 4, manifest, base, removed, entries };
          const { begin, messages } = stateMessages(transfer, {
            maxChunkBytes: 2_048,
            compact: false,
          });
          const chunks = [...messages].flatMap((each) => {
            if (each.message !== 'stateChunk') return [];
            expect(codec.encode(each).length).toBeLessThanOrEqual(2_048);
            return [each.stateChunk];
          });
          expect(begin.chunks).toBe(chunks.length);
          expect(chunks.map(({ index }) => index)).toEqual(chunks.map((_, index) => index));
          expect(chunks.flatMap((chunk) => chunk.removed)).toEqual(removed);
          expect(chunks.flatMap((chunk) => chunk.entries)).toEqual(entries);
          const lastRemoval = chunks.findLastIndex((chunk) => chunk.removed.length > 0);
          expect(chunks.slice(0, lastRemoval).flatMap((chunk) => chunk.entries)).toEqual([]);
        },
      ),
    );
  });

  test('are none when only the manifest is new', () => {
    const manifest = envelopeOf('manifest', {});
    const { begin, messages } = stateMessages(
      { nonce: 1, manifest, removed: [], entries: [] },
      { maxChunkBytes: 100, compact: true },
    );
    expect(begin).toMatchObject({ mode: 'MODE_FULL', chunks: 0, bytes: 0 });
    expect([...messages].map(({ message }) => message)).toEqual(['stateBegin', 'stateEnd']);
  });

  test('are one message of a small delta for who takes it, and chunks of a larger one', () => {
    const manifest = envelopeOf('manifest', {});
    const base = { revision: 1, root: bytesOf('root') };
    const messages = (bytes: number): (string | undefined)[] => {
      const entries = [{ key: 'BINDING/a', body: new Uint8Array(bytes) }];
      const transfer = { nonce: 1, manifest, base, removed: ['BINDING/b'], entries };
      const options = { maxChunkBytes: 1_000, compact: true };
      return Array.from(stateMessages(transfer, options).messages, ({ message }) => message);
    };
    expect(messages(700)).toEqual(['stateDelta']);
    expect(messages(990)).toEqual(['stateBegin', 'stateChunk', 'stateChunk', 'stateEnd']);
  });
});
