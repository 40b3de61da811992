import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { KnownProvider } from './known-provider.ts';
import { withAllGroups } from './left-out-groups.ts';

let asked = 0;
const graph = createServer((request, response) => {
  asked += 1;
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
  url.searchParams.set('$skiptoken', String(asked));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ value: [], '@odata.nextLink': url.href }));
});
beforeAll(() => new Promise<void>((done) => graph.listen(0, '127.0.0.1', done)));
afterAll(() => new Promise((done) => graph.close(done)));

test('a list of groups that never ends is none: a provider that goes on for ever is left', async () => {
  const { port } = graph.address() as AddressInfo;
  const issuer = `http://127.0.0.1:${port}`;
  const entra = { overage: 'Graph' };
  const spec = { preset: 'entra', issuer, internal: true, entra };
  const provider = { name: 'entra', spec } as unknown as KnownProvider;
  const claims = { hasgroups: true };
  const all = await withAllGroups(claims, { provider, metadata: { issuer }, accessToken: 'a' });
  expect(all.claims).toEqual(claims);
  expect(all.failure).toMatchObject({ reason: 'groups' });
  expect(all.failure?.message).toContain('its list does not end');
  expect(asked).toBeLessThanOrEqual(200);
});
