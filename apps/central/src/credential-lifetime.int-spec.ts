import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { routes } from '@ambit/contracts';
import type { OperationId, Route } from '@ambit/contracts';
import { eventually, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, replicaFolder, TestCentral, user } from './central.test-support.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

let db: TestDatabase;
let here: TestCentral;
let there: TestCentral;
let silent: TestAgent;

beforeAll(async () => {
  db = await testDatabase();
  here = await TestCentral.start(db.url);
  const dataDir = await replicaFolder(here);
  there = await TestCentral.start(db.url, { dataDir, flags: { roles: 'api' } });
  there.token = here.token;
  // An agent that never says that it applied anything: who waits for it waits.
  await here.apply(cluster('silent'));
  const { body } = await here.call('POST', '/clusters/silent/join-tokens', { body: {} });
  silent = new TestAgent(await enrolAgent(here.agentAddress, body.token, 'ks-silent'), 'ks-silent');
  silent.report = null;
  silent.connect(here.agentAddress);
  await eventually(async () =>
    expect((await here.get('/clusters/silent')).body.status.connected).toBe(true),
  );
});
afterAll(async () => {
  silent?.close();
  await there?.stop();
  await here?.stop();
  await db.close();
});

const waiting = (Object.entries(routes) as [OperationId, Route][]).filter(
  ([, { waits }]) => waits !== undefined,
);

const isStream = (operation: OperationId): boolean =>
  (routes[operation] as Route).waits?.as === 'stream';

/** How each waiting route is asked so that it waits; a route without a line here fails the test below. */
const asked: Readonly<Partial<Record<OperationId, () => Promise<string>>>> = {
  getRevisionStatus: async () => {
    const { revision } = await here.apply(
      user(`waited-${++names}`),
      cluster('silent', { n: `${names}` }),
    );
    return `/revisions/${revision}/status?wait=30s&clusters=silent`;
  },
  listAuditEvents: async () => '/audit/events?watch=true',
};

let names = 0;

interface Waiting {
  readonly id: string;
  readonly status: () => number | undefined;
  readonly text: () => string;
  readonly ended: () => boolean;
  /** It waited before it ended. */
  readonly waited: boolean;
}

/** A call that is still unanswered, or a stream that is open, with a token of its own. */
async function wait(
  operation: OperationId,
  token: { readonly endsInSeconds?: number } = {},
): Promise<Waiting> {
  const path = await asked[operation]?.();
  if (path === undefined)
    throw new Error(`${operation} waits, and nothing here says how to ask it`);
  const made = await here.call('POST', '/tokens', {
    body: { name: `waiter-${++names}`, role: 'admin', ttlSeconds: 600 },
  });
  const { id } = made.body.apiToken;
  if (token.endsInSeconds !== undefined) {
    await db.database.query(
      `UPDATE api_tokens SET expires_at = now() + make_interval(secs => $2) WHERE id = $1`,
      [id, token.endsInSeconds],
    );
  }
  let status: number | undefined;
  let text = '';
  let ended = false;
  void (async () => {
    const response = await fetch(`${there.running.restUrl}/api/v1${path}`, {
      headers: { authorization: `Bearer ${made.body.token}` },
    });
    status = response.status;
    for await (const part of response.body ?? []) text += Buffer.from(part).toString();
  })()
    .catch(() => undefined)
    .finally(() => (ended = true));
  const waited = await eventually(async () => {
    if (ended) return false;
    if (isStream(operation)) expect(status).toBe(200);
    else expect(await there.metric('ambit_waiting_calls')).toBe(1);
    return true;
  });
  return {
    waited,
    id,
    status: () => status,
    text: () => text,
    ended: () => ended,
  };
}

function expectTold(call: Waiting, operation: OperationId, code: string): void {
  expect({ operation, ended: call.ended() }).toEqual({ operation, ended: true });
  expect(call.status()).toBe(isStream(operation) ? 200 : 401);
  const said = isStream(operation)
    ? /event: problem\ndata: (.*)\n/.exec(call.text())?.[1]
    : call.text();
  expect(JSON.parse(said ?? '{}')).toMatchObject({ status: 401, code });
}

describe('a call that waits ends with the credential it was made with', () => {
  test('every route that can wait is marked, and asked here', () => {
    expect(waiting.map(([operation]) => operation).sort()).toEqual(Object.keys(asked).sort());
  });

  describe.each(waiting.map(([operation]) => operation))('%s', (operation) => {
    test('is cut at once when the token is revoked on another replica, and is told why', async () => {
      const call = await wait(operation);
      await here.call('DELETE', `/tokens/${call.id}`);
      await eventually(() => expectTold(call, operation, 'token_revoked'));
      await eventually(async () => expect(await there.metric('ambit_waiting_calls')).toBe(0));
    });

    test('is cut when the token ends by itself', async () => {
      // A busy machine may ask when the token has ended: then by one that ends later.
      let seconds = 1;
      let call = await wait(operation, { endsInSeconds: seconds });
      while (!call.waited) call = await wait(operation, { endsInSeconds: (seconds *= 4) });
      await eventually(() => expectTold(call, operation, 'token_expired'));
    });

    test('is cut when the role of the token is narrowed', async () => {
      const call = await wait(operation);
      await db.database.query(`UPDATE api_tokens SET role = 'sync' WHERE id = $1`, [call.id]);
      await eventually(() => expectTold(call, operation, 'token_revoked'));
    });

    test('is cut when the token is deleted from the database', async () => {
      const call = await wait(operation);
      await db.database.query(`DELETE FROM api_tokens WHERE id = $1`, [call.id]);
      await eventually(() => expectTold(call, operation, 'token_revoked'));
    });
  });

  test('nothing that is stored after the revocation reaches the reader', async () => {
    const call = await wait('listAuditEvents');
    await here.call('DELETE', `/tokens/${call.id}`);
    await there.apply(user('after-the-end'));
    await eventually(() => expectTold(call, 'listAuditEvents', 'token_revoked'));
    expect(call.text()).not.toContain('after-the-end');
  });
});
