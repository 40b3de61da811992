import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import {
  aList,
  anEffect,
  aProgress,
  aResult,
  aRevision,
  aUser,
  SmallCentral,
} from './small-central.test-support.ts';

let folder: string;
let central: SmallCentral;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-cli-'));
  central = new SmallCentral();
  await central.start();
});
afterEach(async () => {
  await central.stop();
  await rm(folder, { recursive: true, force: true });
});

function ambit(args: readonly string[], input?: string): Promise<Captured> {
  const env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: central.token,
  };
  return runCaptured(args, { env, ...(input === undefined ? {} : { input }) });
}

const user = (name: string) => `apiVersion: ambit.dev/v1\nkind: User\nmetadata: {name: ${name}}\n`;
const created = { kind: 'User', name: 'alice', action: 'created' };

describe('apply', () => {
  test('reads files, folders and standard input, tells what became of each object, and waits', async () => {
    await mkdir(join(folder, 'policy', 'below'), { recursive: true });
    await writeFile(join(folder, 'policy', 'a.yaml'), user('alice'));
    await writeFile(
      join(folder, 'policy', 'below', 'b.json'),
      JSON.stringify({ apiVersion: 'ambit.dev/v1', kind: 'User', metadata: { name: 'bob' } }),
    );
    await writeFile(join(folder, 'policy', 'notes.txt'), 'no policy');
    central.answers = {
      apply: () => aResult({ objects: [created], clusters: [anEffect('prod-eu')] }),
      getRevisionStatus: () => aRevision([aProgress('prod-eu')]),
    };
    const run = await ambit(['apply', '-f', join(folder, 'policy'), '-f', '-'], user('carol'));
    expect(run).toMatchObject({ code: 0, out: 'user/alice created\n' });
    expect(run.err).toMatch(
      /prod-eu: in force\nrevision 419 in force on 1\/1 clusters after (\d+ms|\d\.\ds)\n/,
    );
    const { objects } = central.bodyOf('apply') as { objects: { metadata: { name: string } }[] };
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['alice', 'bob', 'carol']);
    expect(central.calls[1]?.query).toMatchObject({ clusters: 'prod-eu' });
  });

  test('outside case 13: takes what PowerShell writes, and refuses other encodings by their name', async () => {
    central.answers = { apply: () => aResult({ objects: [created] }) };
    const path = join(folder, 'a.yaml');
    await writeFile(path, `\uFEFF${user('alice')}\uFEFF---\n${user('bob')}`, 'utf16le');
    expect(await ambit(['apply', '-f', path])).toMatchObject({ code: 0 });
    const { objects } = central.bodyOf('apply') as { objects: { metadata: { name: string } }[] };
    expect(objects.map(({ metadata }) => metadata.name)).toEqual(['alice', 'bob']);
    await writeFile(path, user('alice'), 'utf16le');
    const refused = await ambit(['apply', '-f', path]);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(`cannot read ${path}`);
    expect(refused.err).toContain('it is UTF-16 (little endian) without a byte order mark');
  });

  test('outside case 24: tells what of a folder it leaves out, quiet or not', async () => {
    central.answers = { apply: () => aResult({ objects: [created] }) };
    await mkdir(join(folder, 'policy'));
    await writeFile(join(folder, 'policy', 'a.yaml'), user('alice'));
    await symlink('.', join(folder, 'policy', 'again'));
    const run = await ambit(['apply', '-q', '-f', join(folder, 'policy')]);
    expect(run.code).toBe(0);
    expect(run.err).toContain(`${join(folder, 'policy', 'again')} is skipped: it leads to`);
  });

  test('case 52: an offline cluster is named, is not waited for, and is no failure', async () => {
    central.answers = {
      apply: () => aResult({ objects: [created], clusters: [anEffect('a'), anEffect('b')] }),
      getRevisionStatus: () => {
        const offline = { connected: false, done: false, lastSeenAt: '2026-01-01T00:00:00Z' };
        return aRevision([aProgress('a'), aProgress('b', offline)]);
      },
    };
    const run = await ambit(['apply', '-f', '-'], user('alice'));
    expect(run.code).toBe(0);
    expect(run.err).toContain('in force on 1/2 clusters');
    expect(run.err).toMatch(/b is offline \(seen .+ ago\); it gets revision 419 when it is back/);
  });

  test('a connected cluster that is not through in time ends with 8 and says where to look', async () => {
    central.answers = {
      apply: () => aResult({ objects: [created], clusters: [anEffect('a')] }),
      getRevisionStatus: () => aRevision([aProgress('a', { done: false })]),
    };
    const run = await ambit(['apply', '-f', '-', '--wait', '1s'], user('alice'));
    expect(run.code).toBe(8);
    expect(run.err).toContain('ambit cluster status a');
  });

  test('clusters that are too many to name, of a change that central does not remember, end with 8 and not with success', async () => {
    const many = Array.from({ length: 201 }, (_, index) => anEffect(`c${index}`));
    central.answers = {
      apply: () => aResult({ objects: [created], clusters: many, clustersTotal: 300 }),
      getRevisionStatus: () => ({ ...aRevision([]), known: false, done: false }),
    };
    const run = await ambit(['apply', '-f', '-', '--wait', '1s'], user('alice'));
    expect(run.code).toBe(8);
    expect(run.err).toContain('does not know which clusters it touched');
    expect(run.err).toContain('ambit get clusters');
  });

  const grant = `apiVersion: ambit.dev/v1
kind: Grant
metadata: {name: g}
spec: {subjects: [{user: alice}], role: admin, scope: {clusters: {all: true}, clusterWide: true}}
`;
  const refused = (grants: string[]) => ({
    apply: () => aResult({ clusters: [anEffect('a')] }),
    getRevisionStatus: () => {
      const problem = {
        key: 'BINDING/x',
        reason: 'ceiling_refused',
        message: 'admin is not allowed',
        grants,
      };
      return aRevision([aProgress('a', { inForce: false, problems: [problem] })]);
    },
  });

  test('case 36: a grant that a ceiling refuses is named with the reason, and ends with 10', async () => {
    central.answers = refused(['g']);
    const run = await ambit(['apply', '-f', '-'], grant);
    expect(run.code).toBe(10);
    expect(run.err).toContain('a: grant/g ceiling_refused: admin is not allowed');
  });

  test('nothing changed: nothing is waited for', async () => {
    central.answers = {
      apply: () => aResult({ changed: false, objects: [{ ...created, action: 'unchanged' }] }),
    };
    const run = await ambit(['apply', '-f', '-'], user('alice'));
    expect(run).toMatchObject({ code: 0, out: 'user/alice unchanged\n' });
    expect(central.operations()).toEqual(['apply']);
  });

  test('every problem of every file is told with its place, and nothing is sent', async () => {
    await writeFile(join(folder, 'a.yaml'), `${user('alice')}spec:\n  actve: false\n`);
    await writeFile(join(folder, 'b.yaml'), user('Bob'));
    const run = await ambit(['apply', '-f', join(folder, 'a.yaml'), '-f', join(folder, 'b.yaml')]);
    expect(run).toMatchObject({ code: 1, out: '' });
    expect(run.err).toContain('error: 2 problems in the policy; nothing was changed');
    expect(run.err).toMatch(/a\.yaml:5:3: unknown field spec\.actve; did you mean active\?/);
    expect(run.err).toMatch(/b\.yaml:3:12: .*"Bob".*; did you mean bob\?/);
    expect(central.calls).toEqual([]);
  });

  test('what central finds is told with file, line and column too', async () => {
    const path = join(folder, 'a.yaml');
    await writeFile(path, `${user('alice')}---\n${grant.replace('admin', 'admn')}`);
    central.answers = {
      apply: () => {
        const item = {
          document: 1,
          pointer: '/spec/role',
          message: 'there is no Role admn',
          didYouMean: 'admin',
        };
        throw new AppError('invalid_policy', 'there is no Role admn', { errors: [item] });
      },
    };
    const run = await ambit(['apply', '-f', path]);
    expect(run.code).toBe(1);
    expect(run.err).toContain('a.yaml:8:35: there is no Role admn; did you mean admin?');
  });

  test('a dry run here needs no central; one there tells the effect and changes nothing', async () => {
    await central.stop();
    const here = await ambit(['apply', '-f', '-', '--dry-run=client'], user('alice'));
    expect(here).toMatchObject({ code: 0, out: 'user/alice valid (client dry run)\n' });
    await central.start();
    central.answers = {
      apply: () =>
        aResult({
          dryRun: true,
          objects: [created],
          clusters: [anEffect('prod-eu', { lose: ['bob'], loseTotal: 5 })],
        }),
    };
    const there = await ambit(['apply', '-f', '-', '--dry-run=server'], user('alice'));
    expect(there.out).toBe(
      'user/alice created (dry run)\nEffect on clusters\n  prod-eu  +1 bindings  -0  gain: alice  lose: bob and 4 more\n',
    );
    expect(central.bodyOf('apply')).toMatchObject({ dryRun: 'All' });
  });

  test('the removal guard ends with 10 and names the very command that goes ahead', async () => {
    const path = join(folder, 'a b.yaml');
    await writeFile(path, user('alice'));
    central.answers = {
      apply: () => {
        throw new AppError('confirmation_required', 'This takes away 40 of 100 bindings.', {
          details: { digest: 'abcdef0123456789' },
        });
      },
    };
    const run = await ambit(['apply', '-f', path]);
    expect(run.code).toBe(10);
    expect(run.err).toContain(`next: ambit apply -f '${path}' --confirm-removals abcdef0123456789`);
    await ambit(['apply', '-f', path, '--confirm-removals', 'abcdef0123456789']);
    expect(central.calls.at(-1)?.body).toMatchObject({ confirmRemovals: 'abcdef0123456789' });
  });
});

describe('get', () => {
  test('a list is read page by page', async () => {
    central.answers = {
      listUsers: ({ query }) =>
        query['continue'] === 'p2'
          ? aList('User', [aUser('bob', { active: false })])
          : aList('User', [aUser('alice')], 'p2'),
    };
    const run = await ambit(['get', 'users', '-l', 'env=prod']);
    expect(run.code).toBe(0);
    expect(run.out).toMatch(/^NAME   ACTIVE  GROUPS  AGE\nalice  yes     sre     \d+d\nbob    no /);
    expect(central.calls.map(({ query }) => query['labelSelector'])).toEqual([
      'env=prod',
      'env=prod',
    ]);
  });

  test('what is printed as YAML can be applied', async () => {
    central.answers = {
      listUsers: () => aList('User', [aUser('alice'), aUser('bob')]),
      apply: () => aResult({ changed: false }),
    };
    const { out } = await ambit(['get', 'users', '-o', 'yaml']);
    expect((await ambit(['apply', '-f', '-'], out)).code).toBe(0);
    const { out: json } = await ambit(['get', 'users', '-o', 'json']);
    expect((await ambit(['apply', '-f', '-'], json)).code).toBe(0);
    expect(central.calls.filter(({ operation }) => operation === 'apply')).toHaveLength(2);
  });

  test('case U30: an empty list says why and what next on stderr, and nothing on stdout', async () => {
    central.answers = { listClusters: () => aList('Cluster', []) };
    const run = await ambit(['get', 'clusters']);
    expect(run).toEqual({
      code: 0,
      out: '',
      err: 'There are no clusters yet. Next: ambit cluster add NAME\n',
    });
  });

  test('a name that does not exist is answered with the nearest, code 5 and the id', async () => {
    central.answers = { listUsers: () => aList('User', [aUser('alice'), aUser('alicia')]) };
    const run = await ambit(['get', 'user', 'alise']);
    expect(run.code).toBe(5);
    expect(run.err).toContain('hint: did you mean alice');
    expect(run.err).toContain('id:   REQ-1');
  });

  test('a name is asked for exactly, never by its beginning', async () => {
    central.answers = { getUser: () => aUser('prod') };
    await ambit(['get', 'user', 'prod', '-o', 'name']);
    expect(central.calls[0]).toMatchObject({ operation: 'getUser', params: { name: 'prod' } });
  });
});

describe('changing people', () => {
  test('a lock says which version it saw, so that nobody else’s change is undone', async () => {
    central.answers = {
      getUser: () => aUser('alice', { displayName: 'Alice' }),
      apply: () => aResult(),
    };
    expect((await ambit(['user', 'lock', 'alice'])).code).toBe(0);
    expect(central.bodyOf('apply')).toMatchObject({
      objects: [
        {
          metadata: { name: 'alice', resourceVersion: '418', uid: aUser('alice').metadata.uid },
          spec: { active: false, displayName: 'Alice' },
        },
      ],
    });
  });

  test('a lock tells how many sessions it ends, and is not kept back where nobody may see them', async () => {
    const session = (id: string, principal: string) => ({
      id,
      principal,
      signedInBy: 'a test',
      address: '192.0.2.7',
      state: 'active',
      createdAt: '2026-11-20T08:00:00Z',
      expiresAt: '2099-01-01T00:00:00Z',
    });
    const sessions = [
      session('s1', 'user/alice'),
      session('s2', 'user/alice'),
      session('s3', 'user/bob'),
    ];
    central.answers = {
      getUser: () => aUser('alice'),
      apply: () => aResult(),
      listSessions: () => aList('Session', sessions),
    };
    const run = await ambit(['user', 'lock', 'alice']);
    expect(run.err).toContain('2 sessions ended\n');
    expect(run.err).toContain('their tokens within ten seconds');
    delete central.answers['listSessions'];
    const blind = await ambit(['user', 'lock', 'alice']);
    expect(blind.code).toBe(0);
    expect(blind.err).not.toContain('sessions ended');
    expect((await ambit(['user', 'unlock', 'alice'])).err).not.toContain('session');
  });

  test('members come and go by name', async () => {
    central.answers = { changeGroupMembers: () => aResult() };
    await ambit(['group', 'rm-member', 'sre', 'alice', 'bob']);
    expect(central.calls[0]).toMatchObject({
      params: { name: 'sre' },
      body: { add: [], remove: ['alice', 'bob'] },
    });
  });

  test('deleting asks; where nobody can be asked it needs --yes', async () => {
    central.answers = {
      deleteUser: () => aResult({ objects: [{ ...created, action: 'deleted' }] }),
    };
    const run = await ambit(['delete', 'user', 'alice']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('--yes');
    expect(central.calls).toEqual([]);
    expect(await ambit(['delete', 'user/alice', '--yes'])).toMatchObject({
      code: 0,
      out: 'user/alice deleted\n',
    });
  });

  test('a cluster is not deleted this way', async () => {
    const run = await ambit(['delete', 'cluster', 'prod-eu', '--yes']);
    expect(run.code).toBe(2);
    expect(run.err).toContain('next: ambit cluster rm prod-eu');
  });
});
