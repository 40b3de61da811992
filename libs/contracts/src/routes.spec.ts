import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { permissions, rolePermissions } from './permissions.ts';
import type { Route } from './route.ts';
import { routes } from './routes.ts';
import { querySchemas, requestSchemas, responseSchemas } from './schemas.ts';

const table = Object.entries(routes) as [string, Route][];

describe('the table of routes', () => {
  test('no two operations share method and path', () => {
    const calls = table.map(([, { method, path }]) => `${method} ${path}`);
    expect(new Set(calls).size).toBe(calls.length);
  });

  test.each(table)('%s names what exists', (_, route) => {
    expect([...permissions, 'anyone']).toContain(route.permission);
    expect(querySchemas).toHaveProperty(route.query);
    expect(responseSchemas).toHaveProperty(route.response);
    if (route.request !== undefined) expect(requestSchemas).toHaveProperty(route.request);
  });

  test.each(table.filter(([, { method }]) => method !== 'GET'))(
    '%s changes something, so it is not open to viewers unless it only asks, or concerns the caller alone',
    (id, { permission }) => {
      const open = id === 'checkAccess' || permission === 'self';
      const viewers: readonly string[] = rolePermissions.viewer;
      expect(viewers.includes(permission)).toBe(open);
    },
  );

  test('a route whose query can ask it to wait is marked, so that it ends with its credential', () => {
    for (const [id, { query, waits }] of table) {
      const asks = Object.keys(querySchemas[query].shape).filter((name) =>
        /wait|watch|follow|timeout/i.test(name),
      );
      expect({ id, asks }).toEqual({ id, asks: waits === undefined ? [] : [waits.when] });
    }
  });

  test('anyone may exchange a token of another issuer, and nothing else', () => {
    const open = table.filter(([, { permission }]) => permission === 'anyone');
    expect(open.map(([id]) => id)).toEqual(['exchangeToken']);
  });

  test('the bulk route has a permission of its own that only an administrator holds', () => {
    expect(routes.apply.permission).toBe('policy:apply');
    expect(rolePermissions.sync).not.toContain('policy:apply');
    expect(rolePermissions.viewer).not.toContain('policy:apply');
  });

  test('a token for syncing people reaches nothing but people and groups', () => {
    const may: readonly string[] = rolePermissions.sync;
    const reached = table.filter(([, { permission }]) => may.includes(permission));
    // Who asks for a credential with a token is refused by what the token stands for: nobody in any cluster.
    // The same holds for questions about the own access.
    const allowed = /^\/(users|groups|me|credentials|system|access\/(effective|explain)$)/;
    for (const [, { path }] of reached) expect(path).toMatch(allowed);
  });
});

describe('schemas', () => {
  test.each(Object.entries({ ...requestSchemas, ...querySchemas }))(
    '%s prints as JSON Schema and refuses fields it does not know',
    (_, schema) => {
      const printed = JSON.stringify(z.toJSONSchema(schema, { io: 'input' }));
      expect(printed).toContain('"additionalProperties":false');
    },
  );

  test.each(Object.entries(responseSchemas))('%s prints as JSON Schema', (_, schema) => {
    expect(z.toJSONSchema(schema)).toHaveProperty('type');
  });

  test('what an answer does not list never leaves', () => {
    const stored = {
      id: 'j1',
      cluster: 'prod-eu',
      state: 'unused',
      createdBy: 'token/ci',
      createdAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-01T00:10:00Z',
      secretHash: 'canary',
    };
    expect(JSON.stringify(responseSchemas.JoinToken.parse(stored))).not.toContain('canary');
  });

  test('an answer of a newer central with a field more is still understood', () => {
    const me = { kind: 'Me', actor: 'token/a', role: 'admin', permissions: [], tokenId: 'x' };
    expect(responseSchemas.Me.parse({ ...me, later: true })).toEqual(me);
  });
});
