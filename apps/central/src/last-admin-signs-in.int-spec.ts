import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, TestCentral, user } from './central.test-support.ts';
import { comingIn, provider, TestSignIns } from './identities.test-support.ts';

let db: TestDatabase;
let central: TestCentral;
let signIns: TestSignIns;

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  const chiefs = { role: 'admin', subjects: [{ group: 'chiefs' }], allowDirectory: true };
  await central.apply(
    provider('corp', { groups: [{ value: 'chiefs', group: 'chiefs' }] }),
    document('Group', 'chiefs', {}),
    document('Delegation', 'chiefs', chiefs),
    user('ada@corp.example'),
  );
  signIns = await TestSignIns.on(db);
});
afterAll(async () => {
  await signIns?.close();
  await central?.stop();
  await db.close();
});

test('the last administrator comes in and stays one when the provider no longer names the group', async () => {
  const comes = (groups: readonly string[]) => comingIn('corp', 'ada@corp.example', { groups });
  const { token } = await signIns.session(comes(['chiefs']));
  expect((await central.call('DELETE', '/tokens/first-admin', { token })).status).toBe(200);
  const { notes } = await signIns.admit(comes([]));
  expect(notes).toEqual([expect.stringContaining('you stay in them')]);
  expect((await central.get('/me', { token })).body.permissions).toContain('tokens:write');
  const path = '/users/ada%40corp.example/identities';
  const [{ id }] = (await central.get(path, { token })).body.items;
  expect(await central.call('DELETE', `${path}/${id}`, { token })).toMatchObject({
    status: 409,
    body: { code: 'last_admin' },
  });
  const made = { name: 'another', role: 'admin' };
  const another = await central.call('POST', '/tokens', { token, body: made });
  expect(another.status).toBe(201);
  expect((await signIns.admit(comes([]))).notes).toEqual([]);
  expect((await central.get('/me', { token })).body.permissions).toEqual(['self']);
  const admin = another.body.token;
  expect((await central.call('DELETE', `${path}/${id}`, { token: admin })).status).toBe(200);
});
