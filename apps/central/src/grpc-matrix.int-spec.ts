import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { delegatedPermissions, delegationRoles, rolePermissions } from '@ambit/contracts';
import { apiMethods, apiPackage } from '@ambit/contracts/grpc';
import type { ApiMethod } from '@ambit/contracts/grpc';
import { PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { signIn, TestCentral } from './central.test-support.ts';
import { endOf } from './grpc.test-support.ts';
import type { RpcEnd } from './grpc.test-support.ts';
import { makeDelegate, matrixTokens } from './matrix.test-support.ts';
import type { MatrixTokens } from './matrix.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let client: Client;
let tokens: MatrixTokens;

beforeAll(async () => {
  db = await testDatabase();
  const flags = { trustProxy: 'true', grpcListen: '127.0.0.1:0' };
  central = await TestCentral.start(db.url, { flags });
  client = new Client(central.running.grpcAddress ?? '', credentials.createInsecure());
  tokens = await matrixTokens(central, db);
});
afterAll(async () => {
  client?.close();
  await central?.stop();
  await db.close();
});

/** Every method that is served, with an empty message; for those that read a kind one that names it. */
const methods = Object.entries(apiMethods).flatMap(([service, of]) =>
  Object.entries(of as Readonly<Record<string, ApiMethod>>).map(([name, { permission }]) => ({
    path: `/${apiPackage}.${service}/${name}`,
    needs: permission === 'kind:read' ? 'grants:read' : permission,
    // Field 1 is the kind.
    message: permission === 'kind:read' ? Buffer.from('\x0a\x05Grant') : Buffer.alloc(0),
  })),
);

let callers = 0;
/** How a call ends; undefined when it is answered. Failures are counted by address: each call comes from another one. */
function ended(
  { path, message }: { readonly path: string; readonly message: Buffer },
  authorizations: readonly string[],
): Promise<RpcEnd | undefined> {
  callers++;
  const metadata = new Metadata();
  metadata.set('x-forwarded-for', `10.${callers >> 16}.${(callers >> 8) & 255}.${callers & 255}`);
  for (const each of authorizations) metadata.add('authorization', each);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      message,
      metadata,
      (error) => resolve(error === null ? undefined : endOf(error)),
    );
  });
}

const by = (token: string): string[] => (token === '' ? [] : [`Bearer ${token}`]);
const codeOf = (end: RpcEnd | undefined): string => end?.error?.code ?? end?.code ?? 'answered';

describe('case b30: every method', () => {
  test.each([
    ['no token', () => '', 'token_missing'],
    ['a made-up token', () => 'amb_aaaaaaaaaaaa_bbbb_cccc', 'token_invalid'],
    ['an expired token', () => tokens.expired, 'token_expired'],
    ['a revoked token', () => tokens.revoked, 'token_revoked'],
    ['a session that was ended', () => tokens.ended, 'session_ended'],
  ])('turns %s away before anything of its message is read', async (_, token, code) => {
    for (const method of methods) {
      const end = await ended({ ...method, message: Buffer.from('\xff') }, by(token()));
      expect({ path: method.path, code: end?.code, reason: codeOf(end) }).toEqual({
        path: method.path,
        code: 'UNAUTHENTICATED',
        reason: code,
      });
    }
  });

  test.each(['viewer', 'sync'] as const)(
    'lets a %s do what its role holds and no more',
    async (role) => {
      for (const method of methods) {
        const end = await ended(method, by(tokens[role]));
        const held: readonly string[] = rolePermissions[role];
        // Whoever speaks for no directory is refused by that, whatever they may write.
        const may = held.includes(method.needs) && !method.path.includes('Directory');
        expect([method.path, codeOf(end) === 'permission_denied']).toEqual([method.path, !may]);
      }
    },
  );

  test('lets a person without rights in Ambit itself do nothing', async () => {
    for (const method of methods)
      expect([method.path, codeOf(await ended(method, by(tokens.person)))]).toEqual([
        method.path,
        'permission_denied',
      ]);
  });

  test.each(delegationRoles)('lets a person who is made %s do what that holds', async (role) => {
    const name = await makeDelegate(central, role);
    const { token } = await signIn(new PolicyWriter(db.database), name);
    for (const method of methods) {
      const held: readonly string[] = delegatedPermissions[role];
      const mayAll = held.includes(method.needs) && !method.path.includes('Directory');
      const may = mayAll || (role === 'team-admin' && method.path.includes('PolicyService'));
      const end = await ended(method, by(token));
      expect([method.path, codeOf(end) === 'permission_denied']).toEqual([method.path, !may]);
    }
  });

  test('case b50: one well-formed authorization and nothing else lets in', async () => {
    const [method] = methods.filter(({ path }) => path.endsWith('ListPolicyObjects'));
    if (method === undefined) throw new Error('there is no such method');
    expect(await ended(method, by(central.token))).toBeUndefined();
    // Two of them are sent by no client of HTTP/2 here: Node refuses to.
    for (const authorizations of [
      [central.token],
      [`Basic ${central.token}`],
      [`Bearer ${central.token},Bearer ${central.token}`],
    ])
      expect((await ended(method, authorizations))?.code).toBe('UNAUTHENTICATED');
  });

  test.each([
    `${apiPackage}.PolicyService/ApplyPolicy`,
    `/${apiPackage}.PolicyService/applyPolicy`,
    `//${apiPackage}.PolicyService/ApplyPolicy`,
    `/${apiPackage}.PolicyService/ApplyPolicy/`,
    `/${apiPackage}.PolicyService/ApplyPolicy?x`,
    `/${apiPackage}.PolicyService/%41pplyPolicy`,
    `/${apiPackage}.PolicyService/__proto__`,
    `/${apiPackage}.constructor/ApplyPolicy`,
  ])('case b58: no spelling of a path gets around it: %s', async (path) => {
    const end = await ended({ path, message: Buffer.alloc(0) }, by(tokens.person));
    expect(end).toBeDefined();
    expect(['UNIMPLEMENTED', 'INTERNAL', 'UNKNOWN', 'UNAVAILABLE', 'PERMISSION_DENIED']).toContain(
      end?.code,
    );
  });
});

describe('health', () => {
  const check = { path: '/grpc.health.v1.Health/Check', message: Buffer.alloc(0) };

  test('is told to anybody, and tells of each service', async () => {
    expect(await ended(check, [])).toBeUndefined();
    const named = (name: string): Buffer =>
      Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
    const service = named(`${apiPackage}.AccessService`);
    expect(await ended({ ...check, message: service }, [])).toBeUndefined();
    expect((await ended({ ...check, message: named('other') }, []))?.code).toBe('NOT_FOUND');
  });
});
