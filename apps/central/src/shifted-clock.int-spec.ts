import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { eventually, ownerUrlOf, PolicyWriter, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import { document, grant, group, signIn, user } from './central.test-support.ts';
import { freePorts, Program } from './program.test-support.ts';

const hour = 3_600_000;
const shift = `const now = Date.now; Date.now = () => now() - ${hour};`;

let db: TestDatabase;
let dataDir: string;
let central: Program;

beforeAll(async () => {
  db = await testDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'ambit-central-shifted-'));
  central = new Program(['--data-dir', dataDir, ...freePorts], {
    AMBIT_DATABASE_URL: db.url,
    AMBIT_DATABASE_OWNER_URL: ownerUrlOf(db.url),
    AMBIT_DATABASE_AUDIT_URL: db.auditUrl,
    NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(shift)}`,
  });
  await central.ready();
});
afterAll(async () => {
  await central.kill('SIGTERM');
  await db.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function call(token: string, path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${central.rest}/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Record<string, unknown>;
  expect({ ok: response.ok, answer }).toMatchObject({ ok: true });
  return answer;
}

test('a replica whose machine is an hour behind issues tokens, and lets people leave groups, by the clock of the database', async () => {
  const tokenFile = join(dataDir, 'central/first-admin.token');
  await eventually(() => expect(central.output).toContain(tokenFile));
  const admin = (await readFile(tokenFile, 'utf8')).trim();
  expect(central.output).toContain('the clock of this machine is off');
  await call(admin, '/apply', {
    objects: [
      user('ada'),
      group('devs', ['ada']),
      document('Cluster', 'prod', {
        subjects: { mode: 'Groups' },
        access: { credential: 'Token', via: 'Webhook' },
      }),
      grant('devs-in', [{ group: 'devs' }], ['prod']),
    ],
  });
  const session = await signIn(new PolicyWriter(db.database), 'ada');
  const asked = Date.now();
  const { token } = await call(session.token, '/credentials', { cluster: 'prod' });
  const { iat = 0, exp = 0 } = decodeJwt(String(token));
  expect(Math.abs(iat * 1000 - asked)).toBeLessThan(hour / 4);
  expect(exp - iat).toBe(600);
  await call(admin, '/groups/devs/members', { remove: ['ada'] });
  const [left] = await db.database.query<{ at: number }>(
    `SELECT (object -> 'spec' ->> 'leftAt')::float8 AS at FROM policy_changes WHERE kind = 'LeftGroup'`,
  );
  expect(Math.abs((left?.at ?? 0) - Date.now())).toBeLessThan(hour / 4);
});
