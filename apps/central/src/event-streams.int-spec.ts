import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral, user } from './central.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
const open = new Set<AbortController>();

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, {
    flags: { waitingCalls: '120', waitingCallsPerToken: '100' },
  });
});
afterEach(async () => {
  for (const stream of open) stream.abort();
  open.clear();
  await eventually(async () => expect(await central.metric('ambit_waiting_calls')).toBe(0));
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

interface Stream {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly problem: () => { readonly code?: string };
  readonly seen: { readonly id: string; readonly message: string }[];
  readonly text: () => string;
  close(): void;
}

async function follow(
  query = '',
  more: { readonly token?: string; readonly after?: string } = {},
): Promise<Stream> {
  const stop = new AbortController();
  open.add(stop);
  const response = await fetch(
    `${central.running.restUrl}/api/v1/audit/events?watch=true${query}`,
    {
      signal: stop.signal,
      headers: {
        authorization: `Bearer ${more.token ?? central.token}`,
        ...(more.after === undefined ? {} : { 'last-event-id': more.after }),
      },
    },
  );
  let text = '';
  const seen: { id: string; message: string }[] = [];
  void (async () => {
    let rest = '';
    for await (const part of response.body ?? []) {
      text += Buffer.from(part).toString();
      rest += Buffer.from(part).toString();
      const frames = rest.split('\n\n');
      rest = frames.pop() ?? '';
      for (const frame of frames) {
        const [, id = ''] = /^id: (.*)$/m.exec(frame) ?? [];
        const [, data] = /^data: (.*)$/m.exec(frame) ?? [];
        if (data !== undefined) seen.push({ id, message: JSON.parse(data).message });
      }
    }
  })().catch(() => undefined);
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    problem: () => JSON.parse(text),
    seen,
    text: () => text,
    close: () => stop.abort(),
  };
}

const messages = ({ seen }: Stream): string[] => seen.map(({ message }) => message);
const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
const created = (names: readonly string[]): string[] =>
  names.map((name) => `User ${name} was created`);

/** Readings of the trail so far, as the database counts them. */
async function readings(): Promise<number> {
  const [row] = await db.database.query<{ n: number }>(
    `SELECT coalesce(sum(calls), 0)::int AS n FROM pg_stat_user_tables t,
     LATERAL (SELECT t.seq_scan + coalesce(t.idx_scan, 0) AS calls) c WHERE t.relname LIKE 'audit_events%'`,
  );
  return row?.n ?? 0;
}

describe('streams of audit events', () => {
  test('many watchers read the trail no more often than one does', async () => {
    const idle = async (): Promise<number> => {
      const before = await readings();
      const from = performance.now();
      // Two readings of one watcher are a second apart: this is what is measured.
      await eventually(() => expect(performance.now() - from).toBeGreaterThan(4_000));
      return (await readings()) - before;
    };
    await follow('&type=user.*');
    const one = await idle();
    for (let count = 1; count < 50; count++) await follow(`&type=user.*&q=n${count}`);
    expect(one).toBeGreaterThan(0);
    // Coming in costs each of them a page, and the database tells of that a while later.
    await eventually(async () => expect(await idle()).toBeLessThanOrEqual(one * 1.5), {
      withinMs: 40_000,
    });
  });

  test('each sees what its filter wants of the shared reading', async () => {
    const [people, groups, one, other, none] = [
      await follow('&type=user.*'),
      await follow('&type=group.*'),
      await follow('&q=FILTER-1'),
      await follow('&user=filter-2'),
      await follow('&actor=token/somebody-else'),
    ];
    await central.apply(...numbered('filter', 3).map((name) => user(name)));
    await central.apply(document('Group', 'filter-group', { members: [] }));
    await eventually(() => expect(messages(groups)).toEqual(['Group filter-group was created']));
    await eventually(() => {
      expect(messages(people)).toEqual(created(numbered('filter', 3)));
      expect(messages(one)).toEqual(created(['filter-1']));
      expect(messages(other)).toEqual(created(['filter-2']));
    });
    expect(messages(none)).toEqual([]);
  });

  test('a late watcher catches up page by page and joins the others without a gap or a repetition', async () => {
    const early = await follow('&type=user.*');
    const names = numbered('late', 350);
    await central.apply(user(names[0] ?? ''));
    await eventually(() => expect(early.seen).toHaveLength(1));
    const after = early.seen[0]?.id ?? '';
    for (let at = 1; at < 250; at += 50)
      await central.apply(...names.slice(at, Math.min(at + 50, 250)).map((name) => user(name)));
    const writing = (async () => {
      for (const name of names.slice(250)) await central.apply(user(name));
    })();
    const late: Stream[] = [];
    for (let count = 0; count < 10; count++) late.push(await follow('&type=user.*', { after }));
    await writing;
    await eventually(() => expect(early.seen).toHaveLength(350));
    for (const stream of late) {
      await eventually(() => expect(stream.seen).toHaveLength(349));
      expect([...messages(stream)].sort()).toEqual(created(names.slice(1)).sort());
      expect(stream.seen.map(({ id }) => id)).toEqual(early.seen.slice(1).map(({ id }) => id));
    }
  });

  test('have a limit for each token and one in all, told with 429; a closed one makes room', async () => {
    const streams: Stream[] = [];
    for (let count = 0; count < 101; count++) streams.push(await follow());
    const refused = streams.at(-1);
    expect(streams.slice(0, 100).every(({ status }) => status === 200)).toBe(true);
    expect(refused?.status).toBe(429);
    expect(Number(refused?.retryAfter)).toBeGreaterThan(0);
    await eventually(() => expect(refused?.problem().code).toBe('too_many_streams'));
    const made = await central.call('POST', '/tokens', { body: { name: 'two', role: 'viewer' } });
    const token = made.body.token;
    const more: number[] = [];
    for (let count = 0; count < 21; count++) more.push((await follow('', { token })).status);
    expect(more.filter((status) => status === 200)).toHaveLength(20);
    expect(more.at(-1)).toBe(429);
    expect((await central.get('/audit/events')).status).toBe(200);
    streams[0]?.close();
    await eventually(async () => expect((await follow('', { token })).status).toBe(200));
  });

  test('a reader that does not read is cut at its budget, and goes on where it was', async () => {
    const before = await central.get('/audit/events?limit=1');
    const { resumeAfter } = before.body.metadata;
    const reader = await slowReader();
    const long = 'x'.repeat(200);
    let rounds = 0;
    await eventually(
      async () => {
        rounds++;
        await central.apply(
          ...numbered(`slow-${rounds}-${long.slice(0, 40)}`, 400).map((name) => user(name)),
        );
        expect(await central.metric('ambit_waiting_calls')).toBe(0);
      },
      { withinMs: 60_000 },
    );
    reader.destroy();
    const again = await follow('&type=user.created&limit=500', { after: resumeAfter });
    await eventually(() => expect(again.seen).toHaveLength(rounds * 400));
  });
});

/** A connection that asks for the stream and takes nothing of it. */
async function slowReader(): Promise<Socket> {
  const { port } = new URL(central.running.restUrl ?? '');
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.pause();
  socket.write(
    `GET /api/v1/audit/events?watch=true HTTP/1.1\r\nHost: central\r\nAuthorization: Bearer ${central.token}\r\n\r\n`,
  );
  await eventually(async () => expect(await central.metric('ambit_waiting_calls')).toBe(1));
  return socket;
}
