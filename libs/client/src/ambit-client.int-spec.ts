import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AmbitClient } from './ambit-client.ts';
import { sendJson, startTestServer, type TestServer } from './client-server.test-support.ts';

const token = 'amb_canary_0123456789_zz';
const me = { kind: 'Me', actor: 'token/a', role: 'admin', permissions: [], tokenId: 'x' };
const list = {
  apiVersion: 'ambit.dev/v1',
  kind: 'UserList',
  metadata: { resourceVersion: '1' },
  items: [],
};
const userBody = {
  apiVersion: 'ambit.dev/v1' as const,
  kind: 'User' as const,
  metadata: { name: 'alice' },
};

let server: TestServer;
let client: AmbitClient;

beforeEach(async () => {
  server = await startTestServer();
  client = new AmbitClient({ server: server.url, token, timeoutMs: 2_000 });
});
afterEach(async () => {
  client.close();
  await server.close();
});

describe('a call', () => {
  test('is the route with its parameters, body and preconditions', async () => {
    server.handle = (_, response) => sendJson(response, 200, applyResult);
    await client.api.putUser({
      params: { name: 'a@b' },
      query: { dryRun: 'All' },
      body: userBody,
      ifMatch: '418',
    });
    expect(server.calls[0]).toMatchObject({
      method: 'PUT',
      url: '/api/v1/users/a%40b?dryRun=All',
      headers: { 'if-match': '"418"', 'content-type': 'application/json' },
      body: JSON.stringify(userBody),
    });
  });

  test('case b51: the token is in its header and in nothing else', async () => {
    server.handle = (_, response) => sendJson(response, 200, list);
    await client.api.listUsers({ query: { q: 'x' } });
    const { authorization, ...others } = server.calls[0]?.headers ?? {};
    expect(authorization).toBe(`Bearer ${token}`);
    expect(JSON.stringify([server.calls[0]?.url, others])).not.toContain('canary');
  });

  test('case b51: no error tells the token', async () => {
    server.handle = (_, response) => sendJson(response, 401, { bad: true });
    const error: unknown = await client.api.getMe({}).catch((reason: unknown) => reason);
    const text = JSON.stringify([String(error), error, (error as Error).stack]);
    expect(text).not.toContain('canary');
  });

  test('an answer in another form is an error, not a surprise further on', async () => {
    server.handle = (_, response) => sendJson(response, 200, { ...me, role: 'king' });
    await expect(client.api.getMe({})).rejects.toMatchObject({
      code: 'internal',
      extras: { why: expect.stringContaining('role') },
    });
  });

  test('a page that is no JSON is named as not being central', async () => {
    server.handle = (_, response) =>
      void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    await expect(client.api.getMe({})).rejects.toThrow(/200 with text\/html instead of JSON/);
  });

  test('a redirect is not followed, because the token would go with it', async () => {
    server.handle = (_, response) =>
      void response.writeHead(307, { location: 'https://elsewhere/' }).end();
    await expect(client.api.getMe({})).rejects.toThrow(/redirect/);
    expect(server.calls).toHaveLength(1);
  });

  test('an answer that does not come ends in time, with the time in the message', async () => {
    server.handle = () => undefined;
    await expect(client.api.getMe({ timeoutMs: 100 })).rejects.toMatchObject({
      code: 'timed_out',
      message: expect.stringMatching(/within 0\.1 s/),
    });
  });

  test('it can be cancelled', async () => {
    const abort = new AbortController();
    server.handle = () => abort.abort();
    await expect(client.api.getMe({ signal: abort.signal })).rejects.toMatchObject({
      code: 'timed_out',
    });
  });
});

const applyResult = {
  kind: 'ApplyResult',
  dryRun: true,
  changed: false,
  revision: 1,
  objects: [],
  clusters: [],
};

describe('trying again', () => {
  test('a GET that met a busy central is tried again', async () => {
    server.handle = (_, response, index) => sendJson(response, index === 0 ? 503 : 200, me);
    await expect(client.api.getMe({})).resolves.toMatchObject({ actor: 'token/a' });
    expect(server.calls).toHaveLength(2);
  });

  test('a GET whose connection was cut is tried again, three times in all', async () => {
    server.handle = () => server.cutAll();
    await expect(client.api.getMe({})).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(server.calls).toHaveLength(3);
  });

  test.each([400, 401, 403, 404, 409, 500])('an answer of %i is final', async (status) => {
    server.handle = (_, response) => sendJson(response, status, {});
    await expect(client.api.getMe({})).rejects.toThrow(/answered/);
    expect(server.calls).toHaveLength(1);
  });

  test('a write whose fate is unknown is never sent twice', async () => {
    server.handle = () => server.cutAll();
    const put = client.api.putUser({ params: { name: 'alice' }, body: userBody });
    await expect(put).rejects.toMatchObject({ code: 'server_unreachable' });
    await expect(client.api.apply({ body: { objects: [userBody] } })).rejects.toThrow(
      /cannot reach/,
    );
    expect(server.calls.map(({ method }) => method)).toEqual(['PUT', 'POST']);
  });

  test('nothing listens: the message says where, and what to check', async () => {
    await server.close();
    await expect(client.api.getMe({})).rejects.toMatchObject({
      code: 'server_unreachable',
      message: `cannot reach central at ${server.url}`,
      extras: { why: 'nothing listens there' },
    });
  });
});
