import type { FastifyReply } from 'fastify';
import { requestIdHeader } from '@ambit/contracts';
import type { TailedEvent } from './audit-tail.ts';

/** Writes events as `text/event-stream` until the source ends or the reader is gone; a slow reader slows the source. */
export async function writeEventStream(
  reply: FastifyReply,
  requestId: string,
  open: (signal: AbortSignal) => AsyncIterable<TailedEvent | undefined>,
): Promise<void> {
  const gone = new AbortController();
  const { raw } = reply;
  raw.once('close', () => gone.abort());
  reply.hijack();
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    [requestIdHeader]: requestId,
  });
  raw.flushHeaders();
  try {
    for await (const item of open(gone.signal)) {
      const text = item === undefined ? ': quiet\n\n' : eventText(item);
      if (!raw.write(text)) await drained(raw, gone.signal);
      if (gone.signal.aborted) return;
    }
  } finally {
    raw.end();
  }
}

function eventText({ cursor, event }: TailedEvent): string {
  return `event: audit\nid: ${cursor}\ndata: ${JSON.stringify(event)}\n\n`;
}

function drained(raw: FastifyReply['raw'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    raw.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
