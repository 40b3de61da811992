import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  basePath,
  delegatedPermissions,
  delegationRoles,
  querySchemas,
  rolePermissions,
  routes,
} from '@ambit/contracts';
import type { OperationId, Route } from '@ambit/contracts';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { replicaFolder, signIn, TestCentral, user } from './central.test-support.ts';
import type { Reply } from './central.test-support.ts';
import { makeDelegate, matrixTokens } from './matrix.test-support.ts';
import type { MatrixTokens } from './matrix.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let tokens: MatrixTokens;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url, { flags: { trustProxy: 'true' } });
  tokens = await matrixTokens(central, db);
});
afterAll(async () => {
  await central?.stop();
  await db.close();
});

const all = Object.entries(routes) as [OperationId, Route][];
const guarded = all.filter(([, { permission }]) => permission !== 'anyone');
/** What a role or everybody holds, as texts. */
const heldBy = (role: keyof typeof rolePermissions): readonly string[] => rolePermissions[role];
const pathOf = ({ path }: Route): string =>
  path.replace('{revision}', '1').replaceAll(/\{\w+\}/g, 'none');

let callers = 0;
/** Failures are counted by address: each call comes from another one, as the proxy in front tells it. */
const fromElsewhere = (): Record<string, string> => {
  callers++;
  return { 'x-forwarded-for': `10.${callers >> 16}.${(callers >> 8) & 255}.${callers & 255}` };
};

async function asked(route: Route, token: string, more = ''): Promise<Reply> {
  const body = route.request === undefined ? {} : { body: '{}' };
  const headers = fromElsewhere();
  return central.call(route.method, `${pathOf(route)}${more}`, { token, headers, ...body });
}

interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
}

/** A request whose path and headers leave as they are written here. */
function raw(
  path: string,
  headers: readonly string[],
  from = fromElsewhere(),
  { method }: Pick<Route, 'method'> = { method: 'GET' },
): Promise<RawReply> {
  const { port } = new URL(central.running.restUrl ?? '');
  const given = ['Host', 'central', ...Object.entries(from).flat(), ...headers];
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', method, path, headers: given }, (reply) => {
      reply.resume();
      resolve({ status: reply.statusCode ?? 0, headers: reply.headers });
    });
    call.on('error', reject);
    call.end();
  });
}

/** One letter of the secret is another one. */
function changed(token: string): string {
  const at = token.lastIndexOf('_') - 5;
  return `${token.slice(0, at)}${token[at] === 'a' ? 'b' : 'a'}${token.slice(at + 1)}`;
}

describe('case b30: every route', () => {
  test.each([
    ['no token', () => '', 'token_missing'],
    ['a made-up token', () => 'amb_aaaaaaaaaaaa_bbbb_cccc', 'token_invalid'],
    ['a token with a changed letter', () => changed(central.token), 'token_invalid'],
    ['an expired token', () => tokens.expired, 'token_expired'],
    ['a revoked token', () => tokens.revoked, 'token_revoked'],
    ['a session that was ended', () => tokens.ended, 'session_ended'],
  ])('answers 401 to %s', async (_, token, code) => {
    for (const [operation, route] of guarded) {
      const reply = await asked(route, token());
      const { status, body } = reply;
      expect({ operation, status, code: body.code }).toEqual({ operation, status: 401, code });
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  test.each(['viewer', 'sync'] as const)(
    'lets a %s do what its role holds and no more',
    async (role) => {
      for (const [operation, route] of guarded) {
        const { status, body } = await asked(route, tokens[role]);
        const may = heldBy(role).includes(route.permission);
        expect({ operation, refused: status === 403 }).toEqual({ operation, refused: !may });
        if (!may) expect(body).toMatchObject({ details: { missing: route.permission } });
      }
    },
  );

  test('lets a person do what concerns them alone, whatever they may do in clusters', async () => {
    const policy = new PolicyWriter(db.database);
    for (const [operation, route] of guarded) {
      const token =
        operation === 'endOwnSession' ? (await signIn(policy, 'ada')).token : tokens.person;
      const { status, body } = await asked(route, token);
      const may = route.permission === 'self';
      expect({ operation, refused: status === 403 }).toEqual({ operation, refused: !may });
      if (!may) expect(body).toMatchObject({ details: { missing: route.permission } });
    }
  });

  test.each(delegationRoles)(
    'lets a person whom a Delegation makes %s do what that holds and no more',
    async (role) => {
      const policy = new PolicyWriter(db.database);
      const name = await makeDelegate(central, role);
      const { token } = await signIn(policy, name);
      for (const [operation, route] of all) {
        const by = operation === 'endOwnSession' ? (await signIn(policy, name)).token : token;
        const { status, body } = await asked(route, by);
        const may =
          ['anyone', 'self', ...delegatedPermissions[role]].includes(route.permission) ||
          (role === 'team-admin' && route.ofTeams === true);
        expect({ operation, refused: status === 403 }).toEqual({ operation, refused: !may });
        if (!may) expect(body).toMatchObject({ details: { missing: route.permission } });
      }
    },
  );
  test.each([
    ['no token', () => ''],
    ['a revoked token', () => tokens.revoked],
    ['a session that was ended', () => tokens.ended],
    ['a token of an administrator', () => central.token],
  ])('that is for anyone takes a call with %s as one of nobody known', async (_, token) => {
    const open = all.filter(([, { permission }]) => permission === 'anyone');
    expect(open.map(([operation]) => operation)).toEqual(['exchangeToken']);
    for (const [operation, route] of open) {
      const { status, body } = await asked(route, token());
      expect({ operation, status, code: body.code }).toEqual({
        operation,
        status: 422,
        code: 'invalid_request',
      });
    }
  });

  test('refuses a query field that it does not know, and one given twice', async () => {
    for (const [operation, route] of all) {
      const unknown = await asked(route, central.token, '?nonsense=1');
      expect({ operation, status: unknown.status }).toEqual({ operation, status: 422 });
      const fields = Object.keys(querySchemas[route.query].shape);
      for (const field of fields) {
        const twice = await asked(route, central.token, `?${field}=1&${field}=2`);
        expect({ operation, field, status: twice.status }).toEqual({
          operation,
          field,
          status: 422,
        });
      }
    }
  });

  test('answers no path with a fault of ours, whatever stands in it, and 400 where no name or revision could', async () => {
    const { token } = central;
    const odd = [
      ...['%00', 'a%00b', '%0a', '%7f', '%c2%85', '%ef%bf%bf', '%ed%a0%80', '%25', '%2e%2e', '%2F'],
      ...['__proto__', 'constructor', 'x'.repeat(512), "'", '%27%3B--', '*', 'NaN', 'Infinity'],
    ];
    const noRevision = ['x', '-1', '1.5', '1e3', '0x10', '01', '9007199254740992', '9'.repeat(20)];
    for (const [operation, route] of all) {
      if (!route.path.includes('{')) continue;
      for (const part of [...odd, ...noRevision]) {
        const path = `${basePath}${route.path.replaceAll(/\{\w+\}/g, part)}`;
        const { status } = await raw(path, ['Authorization', `Bearer ${token}`], undefined, route);
        expect({ operation, part, fault: status >= 500 }).toEqual({
          operation,
          part,
          fault: false,
        });
        const unstorable = /^(a?%00b?|%0a|%7f|%c2%85)$/.test(part);
        const refused =
          unstorable || (route.path.includes('{revision}') && noRevision.includes(part));
        // A body that is missing is said first.
        if (refused && ['GET', 'DELETE'].includes(route.method))
          expect({ operation, part, status }).toEqual({ operation, part, status: 400 });
      }
    }
  });

  test('bounds what a caller may ask it to wait for and to list', async () => {
    const { token } = central;
    for (const wait of ['31s', '-1s', '1m', '1e9s', '99999999999s', '0.5s', 'Infinity'])
      expect([
        wait,
        (await central.get(`/revisions/1/status?wait=${wait}`, { token })).status,
      ]).toEqual([wait, 422]);
    for (const limit of ['501', '0', '-1', '1e9', '9007199254740993', 'NaN'])
      for (const list of ['/users', '/audit/events'])
        expect([
          list,
          limit,
          (await central.get(`${list}?limit=${limit}`, { token })).status,
        ]).toEqual([list, limit, 422]);
    for (const clusters of ['%00', '%ed%a0%80', 'x'.repeat(13_001)])
      expect(
        (await central.get(`/revisions/1/status?clusters=${clusters}`, { token })).status,
      ).toBeLessThan(500);
  });

  test('refuses a body of another shape, and one that is no JSON', async () => {
    for (const [operation, { method, ...route }] of all) {
      if (route.request === undefined) continue;
      const path = pathOf({ method, ...route });
      for (const body of [
        '[]',
        '"text"',
        '{"nonsense":1}',
        '{"objects":',
        'null null',
        '{"__proto__":{}}',
      ]) {
        const { status } = await central.call(method, path, { body });
        expect({ operation, body, status }).toEqual({ operation, body, status: 422 });
      }
      const text = await central.call(method, path, {
        body: '{}',
        headers: { 'content-type': 'text/plain' },
      });
      expect({ operation, status: text.status }).toEqual({ operation, status: 422 });
    }
  });
});

describe('credentials', () => {
  const me = async (headers: readonly string[], path = '/me'): Promise<number> =>
    (await raw(`${basePath}${path}`, headers)).status;

  test('case b50: one well-formed Authorization header and nothing else lets in', async () => {
    const { token } = central;
    const name = 'Authorization';
    expect(await me([name, `Bearer ${token}`])).toBe(200);
    expect(await me([name, `bearer  ${token} `])).toBe(200);
    for (const headers of [
      [],
      [name, ''],
      [name, ' '],
      [name, 'Bearer'],
      [name, 'Bearer '],
      [name, token],
      [name, `Basic ${token}`],
      [name, `Bearer ${token},Bearer ${token}`],
      [name, `Bearer ${token} ${token}`],
      [name, `Bearer ${token}`, 'authorization', `Bearer ${token}`],
      [name, `Bearer ${token}`, name, `Bearer ${tokens.viewer}`],
      ['X-Forwarded-User', 'admin'],
      ['Cookie', `token=${token}`],
    ]) {
      expect({ headers, status: await me(headers) }).toEqual({ headers, status: 401 });
    }
  });

  test('case b51: a token in the address is no token', async () => {
    for (const query of ['access_token', 'token', 'authorization'])
      expect(await me([], `/me?${query}=${central.token}`)).toBe(401);
    const said = JSON.stringify(central.logger.lines);
    expect(said).not.toContain(central.token);
  });

  test('case b66: no spelling of a path gets around the guard', async () => {
    const spellings = [
      ...['/api/v1/users/', '/api/v1//users', '//api/v1/users', '/api/v1/./users', '/API/v1/users'],
      ...[
        '/api/v1/%75sers',
        '/api/v1/users%2F',
        '/api/v1%2Fusers',
        '/api/v1/users;x=1',
        '/api/v1/users%00',
      ],
      ...[
        '/api/v1/users%20',
        '/api/v1/users?',
        '/api/v1/users#x',
        '/api/v1/users/..',
        '/api/v1/x/../users',
      ],
      ...[
        '/api/v1/users/%2e%2e/users',
        '/api/v1/users/.',
        '/api/v1/Users',
        '/api/v1/users%',
        '/api/v1/users\\',
      ],
      ...['/api/v1/%2575sers', '/api/v1/users/%c0%ae', '/api/v1/users%3F', '/api/v1/users%23'],
      ...[
        '/api/v1/users%5c',
        '/api/v1/users.json',
        '/api/v1/users/*',
        '/api/v1/users/%2a',
        '/./api/v1/users',
      ],
    ];
    expect(spellings.length).toBeGreaterThanOrEqual(29);
    for (const path of spellings) {
      const { status } = await raw(path, []);
      expect({ path, open: status < 400 }).toEqual({ path, open: false });
    }
  });

  test('case b54: who keeps failing waits, whatever it claims, at every replica and after a restart', async () => {
    const from = { 'x-forwarded-for': '192.0.2.1' };
    const bad = ['Authorization', 'Bearer x'];
    for (let tries = 0; tries < 30; tries++) {
      const spoofed = { 'x-forwarded-for': `198.51.100.${tries}, 192.0.2.1` };
      expect((await raw('/api/v1/me', bad, spoofed)).status).toBe(401);
    }
    const limited = await raw('/api/v1/me', bad, from);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await raw('/api/v1/me', bad)).status).toBe(401);
    const dataDir = await replicaFolder(central);
    const second = await TestCentral.start(db.url, { dataDir, flags: { trustProxy: 'true' } });
    try {
      expect((await second.get('/me', { headers: from, token: 'x' })).status).toBe(429);
    } finally {
      await second.stop();
    }
  });
});

describe('bodies', () => {
  test('case b64: of 1 MiB are taken, of one byte more refused before they are read', async () => {
    const frame = JSON.stringify({ ...user('big'), spec: { displayName: '' } }).length;
    const fill = (bytes: number): string =>
      JSON.stringify({ ...user('big'), spec: { displayName: 'x'.repeat(bytes - frame) } });
    const most = await central.call('PUT', '/users/big', { body: fill(1024 * 1024) });
    expect(most.body).toMatchObject({ code: 'invalid_request', errors: expect.anything() });
    const over = await central.call('PUT', '/users/big', { body: fill(1024 * 1024 + 1) });
    expect(over).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
  });

  test('case b65: of 32 levels are read, deeper ones refused at once, and so are many empties', async () => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const within = await central.call('POST', '/apply', { body: nested(32) });
    expect(within.body.detail).not.toContain('levels');
    // What is said tells that nothing was built of it.
    for (const [body, detail] of [
      [nested(33), 'nested deeper than'],
      [nested(500_000), 'nested deeper than'],
      [`{"a":${'{"a":'.repeat(100_000)}`, 'nested deeper than'],
      [`{"objects":[${'{},'.repeat(600_000)}{}]}`, 'more than 500000 objects and lists'],
      [`{${Array.from({ length: 90_000 }, (_, at) => `"k${at}":0`).join(',')}}`, ''],
    ] as const) {
      const reply = await central.call('POST', '/apply', { body });
      expect(reply).toMatchObject({
        status: 422,
        body: { detail: expect.stringContaining(detail) },
      });
    }
  });
});
