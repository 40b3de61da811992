import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import type { SimulatedCluster } from './simulated-cluster.ts';
import { startSimulatedCluster } from './start-simulated-cluster.ts';

let cluster: SimulatedCluster;
let token: string;
beforeAll(async () => {
  cluster = await startSimulatedCluster({ name: 'simulated', now: () => now });
  token = cluster.issueToken({ name: 'root', groups: ['system:masters'] });
});
afterEach(() => cluster.faults.clear());
afterAll(() => cluster.stop());
let now = Date.UTC(2030, 0, 1);

type Headers = Readonly<Record<string, string>>;
interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function call(method: string, path: string, headers: Headers, body?: object): Promise<Answer> {
  return new Promise((answered, failed) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const length = sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) };
    const url = new URL(path, cluster.server);
    const options = {
      method,
      ca: cluster.caPem,
      agent: false,
      headers: { ...headers, ...length },
    } as const;
    const out = request(url, options, (response) => {
      text(response).then(
        (answer) =>
          answered({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
        failed,
      );
    });
    out.once('error', failed);
    out.end(sent);
  });
}
const root = (): Headers => ({ authorization: `Bearer ${token}` });
const roles = '/apis/rbac.authorization.k8s.io/v1/clusterroles';

describe('who asks', () => {
  test.each([
    ['none', undefined, 403],
    ['empty', '', 403],
    ['a scheme alone', 'Bearer', 403],
    ['an empty token', 'Bearer ', 403],
    ['another scheme', 'Basic cm9vdDpyb290', 403],
    ['a wrong token', 'Bearer nonsense', 401],
  ])('Authorization: %s', async (_what, authorization, status) => {
    const headers = authorization === undefined ? {} : { authorization };
    expect((await call('GET', roles, headers)).status).toBe(status);
  });

  test('the scheme’s letter case does not count; a revoked token does', async () => {
    const passing = cluster.issueToken({ name: 'passing', groups: ['system:masters'] });
    expect((await call('GET', roles, { authorization: `bearer ${passing}` })).status).toBe(200);
    cluster.revokeToken(passing);
    expect((await call('GET', roles, { authorization: `bearer ${passing}` })).status).toBe(401);
  });

  test('a ServiceAccount’s token is the account’s until its end', async () => {
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    const made = await call('POST', path, root(), { spec: { expirationSeconds: 600 } });
    const { status } = JSON.parse(made.body) as { status: { token: string } };
    const headers = { authorization: `Bearer ${status.token}` };
    expect((await call('GET', roles, headers)).body).toContain(
      'system:serviceaccount:default:default',
    );
    now += 600_000;
    expect((await call('GET', roles, headers)).status).toBe(401);
  });

  test('impersonation needs the right to, and what is not simulated is refused', async () => {
    const as = { 'impersonate-user': 'ana', 'impersonate-group': 'dev' };
    expect((await call('GET', roles, { ...root(), ...as })).body).toContain(
      'User \\"ana\\" cannot list',
    );
    const weak = { authorization: `Bearer ${cluster.issueToken({ name: 'weak' })}` };
    expect((await call('GET', roles, { ...weak, ...as })).body).toContain('cannot impersonate');
    expect((await call('GET', roles, { ...root(), 'impersonate-uid': '1' })).status).toBe(400);
    expect((await call('GET', roles, { ...root(), 'impersonate-group': 'dev' })).status).toBe(400);
  });
});

describe('faults', () => {
  test('meet the requests they match, as often as they say', async () => {
    const fault = cluster.faults.inject({
      match: { verb: 'list' },
      times: 2,
      status: 429,
      retryAfter: 5,
    });
    const first = await call('GET', roles, root());
    expect([first.status, first.headers['retry-after']]).toEqual([429, '5']);
    expect((await call('GET', `${roles}/view`, root())).status).toBe(200);
    expect((await call('GET', roles, root())).status).toBe(429);
    expect((await call('GET', roles, root())).status).toBe(200);
    expect(fault.met).toBe(2);
  });

  test('cut connections: before the write nothing happened, after it everything', async () => {
    const role = { metadata: { name: 'cut' }, rules: [] };
    for (const [dropConnection, status] of [
      ['before', 404],
      ['after', 200],
    ] as const) {
      cluster.faults.inject({ match: { verb: 'create' }, times: 1, dropConnection });
      await expect(call('POST', roles, root(), role)).rejects.toThrow();
      expect((await call('GET', `${roles}/cut`, root())).status).toBe(status);
    }
  });
});

describe('what tests count', () => {
  test('requests by verb and kind; dry runs and reviews are no writes', async () => {
    cluster.log.clear();
    const role = { metadata: { name: 'counted' }, rules: [] };
    await call('POST', `${roles}?dryRun=All`, root(), role);
    await call('POST', roles, root(), role);
    await call('DELETE', `${roles}/counted`, root());
    await call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', root(), {
      spec: { nonResourceAttributes: { path: '/', verb: 'get' } },
    });
    expect(cluster.log.writes.map(({ verb, name, status }) => [verb, name, status])).toEqual([
      ['create', '', 201],
      ['delete', 'counted', 200],
    ]);
    expect(await cluster.requestCounts()).toContainEqual(
      expect.objectContaining({
        verb: 'POST',
        resource: 'clusterroles',
        group: 'rbac.authorization.k8s.io',
      }),
    );
  });
});

test('unknown members are dropped, or refused when the request is strict', async () => {
  const role = {
    metadata: { name: 'odd', colour: 'red' },
    rules: [{ verbs: ['get'], groups: [] }],
    extra: 1,
  };
  const strict = await call('POST', `${roles}?fieldValidation=Strict`, root(), role);
  expect(strict.status).toBe(400);
  for (const name of ['extra', 'metadata.colour', 'rules[0].groups']) {
    expect(strict.body).toContain(`unknown field \\"${name}\\"`);
  }
  expect((await call('POST', roles, root(), { ...role, rules: null })).status).toBe(201);
  expect((await call('GET', `${roles}/odd`, root())).body).not.toContain('red');
});

test('what cannot be read is refused and breaks nothing', async () => {
  const wrong: [string, string, object | undefined, number][] = [
    ['GET', `${roles}/%zz`, undefined, 400],
    ['GET', `${roles}/view/status`, undefined, 404],
    ['POST', `${roles}/view`, {}, 405],
    ['PATCH', `${roles}/view`, {}, 415],
    ['POST', roles, [1], 400],
    ['POST', roles, { metadata: { name: 'x' }, rules: 'all' }, 400],
    ['POST', roles, { metadata: { name: 1 } }, 400],
    ['POST', roles, { kind: 'Secret' }, 400],
    ['POST', roles, undefined, 400],
    ['GET', '/apis/unknown/v1/things', undefined, 404],
    ['DELETE', '/api/v1/namespaces', undefined, 405],
  ];
  for (const [method, path, body, status] of wrong) {
    expect([method, path, (await call(method, path, root(), body)).status]).toEqual([
      method,
      path,
      status,
    ]);
  }
});

test('it stops and starts again with everything it held, and its clock is ours', async () => {
  await call('POST', roles, root(), { metadata: { name: 'kept' } });
  await cluster.halt();
  await expect(call('GET', roles, root())).rejects.toThrow();
  await cluster.resume();
  const found = await call('GET', `${roles}/kept`, root());
  expect(found.headers['date']).toBe(new Date(now).toUTCString());
  expect(found.body).toContain('"creationTimestamp":"2030-01-01T00:10:00Z"');
});

test('a new namespace gets a default ServiceAccount', async () => {
  await call('POST', '/api/v1/namespaces', root(), { metadata: { name: 'fresh' } });
  await eventually(async () => {
    const path = '/api/v1/namespaces/fresh/serviceaccounts/default';
    expect((await call('GET', path, root())).status).toBe(200);
  });
});
