import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { centralMetrics, createMeters, createRegistry, Readiness } from '@ambit/observability';
import { eventually, FakeClock, PolicyWriter, silentLogger, testDatabase } from '@ambit/testing';
import type { TestDatabase } from '@ambit/testing';
import {
  cluster,
  document,
  grant,
  group,
  role,
  signIn,
  TestCentral,
  testSettings,
  user,
} from './central.test-support.ts';
import { loadPolicyWorld } from './features/desired-state/public.ts';
import { layGrantHours, sweepEndedGrants } from './features/grants/public.ts';
import { CommitPolicy } from './features/policy/public.ts';
import { raiseEpoch } from './maintenance/raise-epoch.ts';
import { rotateIssuerKeys } from './maintenance/rotate-issuer-keys.ts';
import { revokeToken } from './maintenance/token-commands.ts';
import { enrolAgent, TestAgent } from './test-agent.test-support.ts';

const persistence = fileURLToPath(new URL('../../../libs/persistence/src', import.meta.url));
let db: TestDatabase;
let central: TestCentral;
let dataDir: string;
const agents: TestAgent[] = [];

beforeAll(async () => {
  db = await testDatabase();
  central = await TestCentral.start(db.url);
  dataDir = central.dataDir;
});
afterAll(async () => {
  for (const agent of agents) agent.close();
  await central.stop(true);
  await db.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function restarted(): Promise<void> {
  const { token } = central;
  await central.stop(true);
  central = await TestCentral.start(db.url, { dataDir });
  central.token = token;
}

async function agentOf(name: string, kubeSystemUid: string): Promise<TestAgent> {
  const { body } = await central.call('POST', `/clusters/${name}/join-tokens`, { body: {} });
  const enrolment = await enrolAgent(central.agentAddress, body.token, kubeSystemUid);
  const agent = new TestAgent(enrolment, kubeSystemUid);
  agents.push(agent);
  agent.connect(central.agentAddress);
  await eventually(() => expect(agent.revision).toBeDefined());
  return agent;
}

async function done(method: string, path: string, body?: unknown): Promise<void> {
  const reply = await central.call(method, path, body === undefined ? {} : { body });
  if (reply.status >= 300) throw new Error(JSON.stringify(reply.body));
}

const settings = () => testSettings({ dataDir }, { AMBIT_DATABASE_URL: db.url });
const sql = <R>(text: string, ...values: unknown[]): Promise<R[]> =>
  db.database.query<R>(text, values);

/** The job as a replica that only works runs it. */
async function worked(job: typeof sweepEndedGrants): Promise<void> {
  const { unit, clock } = new PolicyWriter(db.database, new FakeClock(Date.now()));
  const meters = createMeters(createRegistry({ version: 'test' }), centralMetrics);
  const worker = { database: db.database, logger: silentLogger, unitOfWork: unit, meters };
  const { world, feed } = await loadPolicyWorld({ ...worker, readiness: new Readiness([]) });
  await job(new CommitPolicy(unit, world, meters), clock, silentLogger).run();
  await feed.close();
}

interface Path {
  readonly path: string;
  /** What of the stores makes the revision, as `makersInSource` finds it. */
  readonly makes: readonly string[];
  readonly prepare?: () => Promise<unknown>;
  readonly run: () => Promise<unknown>;
  readonly tells: string;
}

const kubeSystemUid = randomUUID();
let session = '';

/** Every way in which a revision comes to be, through the code that ships. Order matters: they build on each other. */
const paths: readonly Path[] = [
  {
    path: 'policy is applied',
    makes: [
      'put user',
      'put group',
      'put role',
      'put cluster',
      'put grant',
      'put member',
      'touch member',
      'touch group',
    ],
    run: () =>
      central.apply(
        user('ada'),
        user('ben'),
        group('team', ['ada', 'ben']),
        role('reader', { clusterRole: 'view' }),
        cluster('eu'),
        cluster('us'),
        grant('g', [{ user: 'ada' }, { group: 'team' }], ['eu']),
        grant('h', [{ user: 'ben' }], ['us']),
      ),
    tells: 'grant.created',
  },
  {
    path: 'a member leaves a group',
    makes: ['leave member', 'touch member'],
    run: () => done('POST', '/groups/team/members', { remove: ['ben'] }),
    tells: 'group.member_removed',
  },
  {
    path: 'access is revoked',
    makes: ['put grant'],
    run: () => done('POST', '/access/revoke', { subject: { user: 'ada' } }),
    tells: 'grant.updated',
  },
  {
    path: 'a user is deleted, with memberships, subjects and grants',
    makes: [
      'delete user',
      'delete drop-memberships',
      'touch drop-memberships',
      'delete drop-grant-references',
      'put drop-grant-references',
    ],
    run: () => done('DELETE', '/users/ben'),
    tells: 'user.deleted',
  },
  {
    path: 'a grant is deleted',
    makes: ['delete drop-grant-references'],
    run: () => done('DELETE', '/grants/g'),
    tells: 'grant.deleted',
  },
  {
    path: 'a group is deleted',
    makes: ['delete group', 'leave drop-memberships'],
    run: () => done('DELETE', '/groups/team'),
    tells: 'group.deleted',
  },
  {
    path: 'a role is deleted',
    makes: ['delete role'],
    run: () => done('DELETE', '/roles/reader'),
    tells: 'role.deleted',
  },
  {
    path: 'ended grants are swept',
    makes: ['put grant'],
    prepare: async () => {
      const until = new Date(Date.now() + 3_600_000).toISOString();
      await central.apply(grant('short', [{ user: 'ada' }], ['eu'], { until }));
      await sql(`UPDATE grants SET until = now() - interval '10 minutes' WHERE name = 'short'`);
    },
    run: () => worked(sweepEndedGrants),
    tells: 'grant.ended',
  },
  {
    path: 'the next hours of grants are laid out',
    makes: ['put lay-hours'],
    prepare: async () => {
      const hours = [
        { days: ['Mon', 'Thu'], from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' },
      ];
      await central.apply(grant('hourly', [{ user: 'ada' }], ['eu'], { when: { hours } }));
      await sql(`UPDATE grants SET windows = '[]', windows_due = now() WHERE name = 'hourly'`);
    },
    run: () => worked(layGrantHours),
    tells: 'grant.hours_laid',
  },
  {
    path: 'the first Hello of a newer agent ends the older one',
    makes: ['revoke agent'],
    prepare: () => agentOf('eu', kubeSystemUid),
    run: () => agentOf('eu', kubeSystemUid),
    tells: 'agent.revoked',
  },
  {
    path: 'an agent is revoked by hand',
    makes: ['revoke agent'],
    run: () => done('POST', '/clusters/eu/revoke-agent', {}),
    tells: 'agent.revoked',
  },
  {
    path: 'an API token is revoked over REST',
    makes: ['revoke api-token'],
    prepare: () => done('POST', '/tokens', { name: 'ci', role: 'viewer' }),
    run: () => done('DELETE', '/tokens/ci'),
    tells: 'token.revoked',
  },
  {
    path: 'an API token is revoked on the machine of central',
    makes: ['revoke api-token'],
    prepare: () => done('POST', '/tokens', { name: 'cd', role: 'viewer' }),
    run: async () => revokeToken(await settings(), 'cd', () => undefined),
    tells: 'token.revoked',
  },
  {
    path: 'a session is ended over REST',
    makes: ['end session'],
    prepare: async () => (session = (await signIn(new PolicyWriter(db.database), 'ada')).id),
    run: () => done('DELETE', `/sessions/${session}`),
    tells: 'session.ended',
  },
  {
    path: 'the keys of the issuer are rotated on the machine of central, and agents are told them',
    makes: ['revoke issuer-key', 'put plain'],
    prepare: async () => {
      const access = { credential: 'Token', via: 'Webhook' };
      await central.apply(document('Cluster', 'hooked', { access }));
      const told = `SELECT 1 FROM policy_objects WHERE kind = 'TokenIssuer'`;
      await eventually(async () => expect(await sql(told)).toHaveLength(1));
    },
    run: async () => rotateIssuerKeys(await settings(), { atOnce: false, write: () => undefined }),
    tells: 'issuer.keys_changed',
  },
  {
    path: 'a cluster is removed, and its emptied agent after it',
    makes: ['delete cluster', 'revoke agent'],
    prepare: () => agentOf('us', randomUUID()),
    run: async () => {
      await done('POST', '/clusters/us/remove', { force: false });
      const revoked = `SELECT 1 FROM audit_events WHERE type = 'agent.revoked' AND cluster = 'us'`;
      await eventually(async () => expect(await sql(revoked)).toHaveLength(1));
    },
    tells: 'cluster.removed',
  },
  {
    path: 'an object of a kind without a table is made and deleted',
    makes: ['put plain', 'delete plain'],
    run: async () => {
      const memos = new PolicyWriter(db.database);
      const { kind, name } = { kind: 'Memo', name: 'first' };
      const work = { put: { name, labels: {}, spec: {} }, object: { kind, name } };
      await memos.unit.run({ actor: { kind: 'system', name: 'system/test' } }, async (tx) => {
        await tx.plain(kind).put(work.put);
        tx.audit.record({ type: 'policy.created', message: 'made', object: work.object });
      });
      await memos.unit.run({ actor: { kind: 'system', name: 'system/test' } }, async (tx) => {
        await tx.plain(kind).remove(name);
        tx.audit.record({ type: 'policy.deleted', message: 'gone', object: work.object });
      });
    },
    tells: 'policy.deleted',
  },
  {
    path: 'a newer compiler starts',
    makes: ['bump installation'],
    prepare: () => sql('UPDATE installation SET compiler_version = 0'),
    run: restarted,
    tells: 'installation.compiler_changed',
  },
  {
    path: 'the epoch is raised while central runs',
    makes: ['bump installation'],
    run: async () => raiseEpoch(await settings(), () => undefined),
    tells: 'installation.epoch_raised',
  },
  {
    path: 'the epoch is raised while central is stopped',
    makes: ['bump installation'],
    prepare: () => central.stop(true),
    run: async () => {
      await raiseEpoch(await settings(), () => undefined);
      await restarted();
    },
    tells: 'installation.epoch_raised',
  },
];

/** `put user`, `revoke agent`, …: what the stores do to the change set of a transaction, by the file that does it. */
async function makersInSource(): Promise<string[]> {
  const found = new Set<string>();
  const files = await Promise.all(
    ['kinds', 'stores'].map((folder) =>
      readdir(join(persistence, folder), { recursive: true, withFileTypes: true }),
    ),
  );
  for (const { name: file, parentPath } of files.flat()) {
    if (!file.endsWith('.ts') || ['change-set.ts', 'seal.ts'].includes(file)) continue;
    if (file.endsWith('spec.ts')) continue;
    const source = await readFile(join(parentPath, file), 'utf8');
    const name = file.replace(/(\.store)?\.ts$/, '');
    for (const [, put, touched, bump] of source.matchAll(
      /changes\.(?:(put|delete|leave|revoke|record|end)\w*\(|(touchedGroups)|(bump) =)/g,
    ))
      found.add(`${put ?? (touched && 'touch') ?? bump ?? ''} ${name}`);
  }
  return [...found].sort();
}

const headOf = async (): Promise<number> =>
  (await sql<{ revision: number }>('SELECT revision FROM policy_head'))[0]?.revision ?? 0;

describe('every path that makes a revision', () => {
  test.each(paths)('$path', async ({ prepare, run, tells }) => {
    await prepare?.();
    await eventually(async () => expect(await headOf()).toBeGreaterThan(0));
    const before = await headOf();
    await run();
    await eventually(async () => expect(await headOf()).toBeGreaterThan(before), {
      withinMs: 90_000,
    });
    const head = await headOf();
    const made = Array.from({ length: head - before }, (_, at) => before + 1 + at);
    const lines = await sql<{ revision: number; lineage: Buffer }>(
      'SELECT revision, lineage FROM policy_lineage WHERE revision > $1 ORDER BY revision',
      before,
    );
    expect(lines.map(({ revision }) => revision)).toEqual(made);
    expect(new Set(lines.map(({ lineage }) => lineage.toString('hex'))).size).toBe(made.length);
    const events = await sql<{ type: string; revision: number }>(
      `SELECT type, (event->>'revision')::bigint AS revision FROM audit_events WHERE (event->>'revision')::bigint > $1`,
      before,
    );
    expect(new Set(events.map(({ revision }) => revision))).toEqual(new Set(made));
    expect(events.map(({ type }) => type)).toContain(tells);
    await eventually(async () =>
      expect((await central.get('/system')).body.revision).toBe(await headOf()),
    );
  });

  test('has a row here: what the stores do is all covered', async () => {
    const covered = new Set(paths.flatMap(({ makes }) => makes));
    expect([...covered].sort()).toEqual(await makersInSource());
  });

  test('the first start makes none', async () => {
    const fresh = await testDatabase();
    const first = await TestCentral.start(fresh.url);
    expect((await first.get('/system')).body.revision).toBe(1);
    await first.stop();
    await fresh.close();
  });
});

describe('a newer compiler beside an older one', () => {
  test('the older replica stops, does not start again, and may be gone back to by a raise', async () => {
    const agent = await agentOf('eu', kubeSystemUid);
    const newer = new PolicyWriter(db.database);
    await newer.change((tx) => tx.installation.setCompilerVersion(99));
    const reason = await central.running.failed;
    expect(reason).toMatchObject({
      message: expect.stringContaining('Another version of central'),
    });
    await eventually(() => expect(agent.ended).toBe(true));
    agent.close();
    agent.connect(central.agentAddress);
    await eventually(() => expect(agent.endedBy?.code).toBe('not_ready'));
    await expect(restarted()).rejects.toMatchObject({
      code: 'config_invalid',
      message: 'A newer version of central serves this installation.',
    });
    await raiseEpoch(await settings(), () => undefined);
    const { token } = central;
    central = await TestCentral.start(db.url, { dataDir });
    central.token = token;
    expect((await central.get('/system')).status).toBe(200);
  });
});
