import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { AmbitClient } from './ambit-client.ts';
import type { TailItem } from './audit-tail.ts';
import { sendJson, startTestServer, type TestServer } from './client-server.test-support.ts';

let server: TestServer;
let client: AmbitClient;
let abort: AbortController;

beforeEach(async () => {
  server = await startTestServer();
  client = new AmbitClient({ server: server.url, token: 'amb_token_1234' });
  abort = new AbortController();
});
afterEach(async () => {
  abort.abort();
  client.close();
  await server.close();
});

const event = (number: number) => ({
  id: `event-${number}`,
  time: '2026-01-01T00:00:00.000Z',
  type: 'grant.created',
  actor: { kind: 'token', name: 'token/ci' },
  message: `number ${number}`,
});

function begin(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': welcome\n\n');
}

function send(response: ServerResponse, number: number): void {
  response.write(`event: audit\nid: c${number}\ndata: ${JSON.stringify(event(number))}\n\n`);
}

async function take(count: number, after?: string): Promise<TailItem[]> {
  const items: TailItem[] = [];
  const options = { signal: abort.signal, ...(after === undefined ? {} : { after }) };
  for await (const item of client.followAudit(options)) {
    items.push(item);
    if (items.filter(({ type }) => type === 'event').length === count) abort.abort();
  }
  return items;
}

describe('following the audit trail', () => {
  test('a cut connection neither loses nor repeats an event', async () => {
    const last = 9;
    server.handle = (call, response) => {
      const from = Number(/^c(\d+)$/.exec(String(call.headers['last-event-id']))?.[1] ?? 0);
      begin(response);
      for (let number = from + 1; number <= Math.min(from + 3, last); number++)
        send(response, number);
      response.write('event: audit\nid: c99\ndata: {"half":', () => response.destroy());
    };
    const items = await take(last, 'c0');
    const seen = items.flatMap((item) => (item.type === 'event' ? [item.event.message] : []));
    expect(seen).toEqual(Array.from({ length: last }, (_, index) => `number ${index + 1}`));
    expect(items.filter(({ type }) => type === 'interrupted').length).toBeGreaterThanOrEqual(2);
    expect(server.calls[0]?.headers['last-event-id']).toBe('c0');
    expect(server.calls[0]?.url).toBe('/api/v1/audit/events?watch=true');
  });

  test('a central that restarts is waited for', async () => {
    server.handle = (_, response, index) => {
      if (index === 0) return sendJson(response, 503, {});
      begin(response);
      return send(response, 1);
    };
    const items = await take(1);
    expect(items.map(({ type }) => type)).toEqual(['interrupted', 'connected', 'event']);
  });

  test.each([400, 401, 403])(
    'an answer of %i is told at once instead of being tried for ever',
    async (status) => {
      server.handle = (_, response) => sendJson(response, status, {});
      await expect(take(1)).rejects.toThrow(/answered/);
      expect(server.calls).toHaveLength(1);
    },
  );

  test('a stream that central ends says why: a token that is over is told, a slow reader goes on', async () => {
    const problem = (status: number, code: string): string =>
      `event: problem\ndata: ${JSON.stringify({ type: 'about:blank', title: code, status, code, detail: `it is ${code}`, requestId: 'r' })}\n\n`;
    server.handle = (_, response, index) => {
      begin(response);
      if (index === 0) response.end(problem(429, 'reader_too_slow'));
      else response.end(problem(401, 'token_revoked'));
    };
    await expect(take(1)).rejects.toMatchObject({
      code: 'token_revoked',
      message: 'it is token_revoked',
    });
    expect(server.calls).toHaveLength(2);
  });

  test('it ends when it is told to, also while nothing happens', async () => {
    server.handle = (_, response) => {
      begin(response);
      abort.abort();
    };
    expect((await take(1)).filter(({ type }) => type === 'event')).toEqual([]);
  });
});
