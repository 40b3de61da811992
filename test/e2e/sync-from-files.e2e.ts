import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AmbitGrpcClient } from '@ambit/client/grpc';
import type { SourceUser } from '@ambit/client/grpc';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { cluster, grant, TestCentral, user } from '../../apps/central/src/central.test-support.ts';
import { TestDirectory } from '../../apps/central/src/scim.test-support.ts';

const run = promisify(execFile);
const sdk = fileURLToPath(new URL('../../libs/client/', import.meta.url));

const csv = `externalId,userName,displayName,department,groups
1,ada@acme.io,"Lovelace, Ada",engines,platform;payments
2,bob@acme.io,Bob,,payments
3,eve@acme.io,Eve,,
`;
const ldif = `dn: uid=ada,ou=people,dc=acme,dc=io
objectClass: inetOrgPerson
entryUUID: 1
cn:: QWTDoSBMb3ZlbGFjZQ==
departmentNumber: notes
mail: ada@acme.io

dn: uid=bob,ou=people,dc=acme,dc=io
objectClass: inetOrgPerson
entryUUID: 2
cn: Bob
mail: bob@acme.io

dn: cn=payments,ou=groups,dc=acme,dc=io
objectClass: groupOfNames
entryUUID: payments
cn: payments
member: uid=ada,ou=peo
 ple,dc=acme,dc=io
`;

describe('the SDK against a central that runs', () => {
  let db: TestDatabase;
  let central: TestCentral;
  let corp: TestDirectory;
  let folder: string;
  let client: AmbitGrpcClient;

  beforeAll(async () => {
    db = await testDatabase();
    central = await TestCentral.start(db.url, { flags: { grpcListen: '127.0.0.1:0' } });
    corp = await TestDirectory.of(central, 'corp');
    folder = await mkdtemp(join(tmpdir(), 'ambit-sync-'));
    client = new AmbitGrpcClient({ server: url(), token: corp.token });
  });
  afterAll(async () => {
    client?.close();
    await central?.stop();
    await db.close();
    await rm(folder, { recursive: true, force: true });
  });
  const url = (): string => `http://${central.running.grpcAddress ?? ''}`;

  /** What an example prints, run as somebody would who has the SDK. */
  async function example(name: string, text: string): Promise<unknown> {
    const file = join(folder, name);
    await writeFile(file, text);
    const token = join(folder, 'token');
    await writeFile(token, corp.token, { mode: 0o600 });
    const node = ['--conditions=@ambit/source', '--no-warnings'];
    const words = [...node, `examples/${name}.ts`, url(), token, file];
    const { stdout } = await run(process.execPath, words, { cwd: sdk });
    return JSON.parse(stdout);
  }

  test('its README shows the examples that run here', async () => {
    const readme = await readFile(join(sdk, 'README.md'), 'utf8');
    for (const name of ['sync-csv', 'sync-ldif'])
      expect(readme).toContain(await readFile(join(sdk, 'examples', `${name}.ts`), 'utf8'));
  });

  test('people come from a CSV, and then from LDIF: the same stay who they are', async () => {
    expect(await example('sync-csv', csv)).toMatchObject({
      users: { created: 3 },
      groups: { created: 2 },
      membersJoined: 3,
      refusedTotal: 0,
    });
    const { body } = await central.get('/users/ada@acme.io');
    expect(body.spec.displayName).toBe('Lovelace, Ada');
    expect(body.status.attributes).toEqual({ department: 'engines' });
    expect(await example('sync-csv', csv)).toMatchObject({
      users: { unchanged: 3, created: 0, changed: 0 },
      groups: { unchanged: 2, created: 0, changed: 0 },
    });
    expect(await example('sync-ldif', ldif)).toMatchObject({
      users: { created: 0, changed: 1, unchanged: 1, removed: 1 },
      groups: { changed: 1, removed: 1 },
    });
    const after = (await central.get('/users/ada@acme.io')).body;
    expect(after.metadata.uid).toBe(body.metadata.uid);
    expect(after.spec.displayName).toBe('Adá Lovelace');
    expect(after.status.attributes).toEqual({ department: 'notes' });
    const members = (await central.get('/groups/payments/members')).body;
    expect(members.items).toMatchObject([{ user: 'ada@acme.io' }]);
  });

  test('a source that fails in the middle takes nobody away', async () => {
    async function* failing(): AsyncGenerator<SourceUser> {
      yield { externalId: '9', userName: 'zoe@acme.io' };
      throw new Error('the directory hung up');
    }
    await expect(client.syncDirectory({ users: failing() })).rejects.toThrow('hung up');
    expect((await central.get('/users/ada@acme.io')).status).toBe(200);
    expect((await central.get('/users/zoe@acme.io')).status).toBe(404);
  });

  test('two syncs at once are both written, for the second comes again', async () => {
    const people = (count: number): SourceUser[] =>
      Array.from({ length: count }, (_, at) => ({
        externalId: `many-${at}`,
        userName: `many-${at}@acme.io`,
      }));
    const own = [
      { externalId: '1', userName: 'ada@acme.io' },
      { externalId: '2', userName: 'bob@acme.io' },
    ];
    const said = {
      users: [...own, ...people(1_500)],
      groups: [{ externalId: 'ops', displayName: 'ops', members: ['1'] }],
    };
    const [one, two] = await Promise.all([client.syncDirectory(said), client.syncDirectory(said)]);
    expect(Number(one.users?.created) + Number(two.users?.created)).toBe(1_500);
    expect(one.refusedTotal + two.refusedTotal).toBe(0);
  });

  test('questions and policy go by the same client', async () => {
    const admin = new AmbitGrpcClient({ server: url(), token: central.token });
    try {
      const objects = [
        user('ann'),
        cluster('prod'),
        grant('ann-views', [{ user: 'ann' }], ['prod']),
      ];
      expect(await admin.planPolicy(objects)).toMatchObject({ effect: { changed: true } });
      await admin.applyPolicy(objects);
      expect(await admin.policyObject('User', 'ann')).toMatchObject({ kind: 'User' });
      const named: unknown[] = [];
      for await (const each of admin.policyObjects('User', { q: 'ann' })) named.push(each);
      expect(named).toMatchObject([{ metadata: { name: 'ann' } }]);
      expect(await admin.heldAccess({ user: 'ann' })).toMatchObject({
        clusters: [{ cluster: 'prod', roles: ['view'] }],
      });
      const target = { cluster: 'prod', namespace: 'payments', verb: 'get', resource: 'pods' };
      const { answer } = await admin.checkAccess({ question: { user: 'ann', target } });
      expect(answer).toMatchObject({ allowed: false });
      const holders: unknown[] = [];
      for await (const holder of admin.whoCan(target)) holders.push(holder);
      expect(holders).toEqual([]);
      await expect(
        admin.applyPolicy([{ ...user('bad'), spec: { activ: true } }]),
      ).rejects.toMatchObject({
        code: 'invalid_policy',
        extras: { errors: [{ pointer: 'documents[0].spec.activ' }] },
      });
    } finally {
      admin.close();
    }
  });

  test('a central that is away is told as such, and a token that is none is refused', async () => {
    const stranger = new AmbitGrpcClient({ server: url(), token: 'amb_x' });
    await expect(stranger.heldAccess({ user: 'ann' })).rejects.toMatchObject({
      code: 'token_invalid',
    });
    stranger.close();
    expect(() => new AmbitGrpcClient({ server: 'http://ambit.acme.io:7444', token: 'x' })).toThrow(
      'unencrypted',
    );
  });
});
