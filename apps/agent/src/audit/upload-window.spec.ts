import { describe, expect, test } from '@jest/globals';
import { agentServices } from '@ambit/protocol';
import { nodeDigests } from '@ambit/transport';
import type { SpoolItem } from './read-segments.ts';
import { UploadWindow } from './upload-window.ts';

const records = (from: number, to: number): SpoolItem[] =>
  Array.from({ length: to - from + 1 }, (_, index) => ({
    type: 'record',
    record: { sequence: from + index, event: Buffer.from(`event ${from + index}`) },
  }));
const read = (bytes: Uint8Array) =>
  agentServices.audit.Push.requestDeserialize(Buffer.from(bytes)).decode();

describe('the upload window', () => {
  test('has eight batches on the way at most, and opens by acknowledgements alone', () => {
    const window = new UploadWindow('epoch', 1);
    expect(window.fill(records(1, 6_000))).toHaveLength(8);
    expect(window.hasRoom).toBe(false);
    expect(window.next).toBe(8 * 512 + 1);
    expect(window.fill(records(window.next, 6_000))).toEqual([]);
    window.acknowledge(600);
    expect(window.fill(records(window.next, 6_000))).toHaveLength(1);
  });

  test('each batch carries the hash of the bytes of the one before', () => {
    const batches = new UploadWindow('epoch', 1).fill(records(1, 1_200));
    expect(batches.map((bytes) => Buffer.from(read(bytes).previousHash).toString('hex'))).toEqual([
      '',
      ...batches
        .slice(0, -1)
        .map((bytes) => Buffer.from(nodeDigests.sha256(bytes)).toString('hex')),
    ]);
  });

  test('a gap stands at its last sequence number', () => {
    const gap: SpoolItem = { type: 'gap', gap: { firstSequence: 1, lastSequence: 40 } };
    const window = new UploadWindow('epoch', 1);
    const [batch = new Uint8Array()] = window.fill([gap, ...records(41, 42)]);
    expect(read(batch).records.map(({ sequence }) => sequence)).toEqual([40, 41, 42]);
    expect(window.next).toBe(43);
  });

  test('what central has from an earlier stream is not sent again', () => {
    const window = new UploadWindow('epoch', 1);
    window.fill(records(1, 100));
    window.acknowledge(5_000);
    expect(window.next).toBe(5_001);
    expect(window.hasRoom).toBe(true);
  });
});
