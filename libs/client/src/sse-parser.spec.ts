import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseSse, type SseEvent } from './sse-parser.ts';

async function read(chunks: readonly string[]): Promise<SseEvent[]> {
  async function* source() {
    yield* chunks;
  }
  const events: SseEvent[] = [];
  for await (const event of parseSse(source())) events.push(event);
  return events;
}

const stream =
  'event: audit\nid: 7\ndata: {"a":1}\n\n: alive\n\ndata: one\ndata: two\n\ndata: cut of';

describe('server-sent events', () => {
  test('are read with type, id and data; an unfinished one is left', async () => {
    expect(await read([stream])).toEqual([
      { event: 'audit', id: '7', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ]);
  });

  test('are the same however the network cuts them', async () => {
    const whole = await read([stream]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(stream.length), { maxLength: 12 }), async (cuts) => {
        const places = [0, ...cuts, stream.length].sort((a, b) => a - b);
        const chunks = places.slice(1).map((end, index) => stream.slice(places[index], end));
        expect(await read(chunks)).toEqual(whole);
      }),
    );
  });

  test('carriage returns are line ends too, also when a cut parts them from their line feed', async () => {
    const text = 'id: 1\r\ndata: x\r\n\r\nid: 2\r\ndata: y\r\n\r\n';
    for (let cut = 0; cut < text.length; cut++) {
      const events = await read([text.slice(0, cut), text.slice(cut)]);
      expect(events.map(({ id, data }) => `${id}${data}`)).toEqual(['1x', '2y']);
    }
  });

  test('an endless event is refused instead of being kept in memory', async () => {
    const chunk = `data: ${'x'.repeat(100_000)}\n`;
    await expect(read(Array.from({ length: 20 }, () => chunk))).rejects.toThrow(/1 MiB/);
  });
});
