import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { execFileSync } from 'node:child_process';
import { findKind, kindAndNames } from './kinds.ts';
import { grantName } from './grant-name.ts';
import { shellWords } from './shell-words.ts';
import { parseSubject } from './subject-text.ts';
import { RoleName } from '@ambit/contracts';

const usage = (hint?: string) =>
  expect.objectContaining({
    code: 'usage',
    ...(hint === undefined ? {} : { extras: expect.objectContaining({ hint }) }),
  });

describe('subjects', () => {
  test('a bare name is a user, group/NAME a group', () => {
    expect(parseSubject('alice@acme.io')).toEqual({ user: 'alice@acme.io' });
    expect(parseSubject('user/alice')).toEqual({ user: 'alice' });
    expect(parseSubject('group/sre')).toEqual({ group: 'sre' });
  });

  test('case b27: a name in capitals is refused with the one that was meant', () => {
    expect(() => parseSubject('Alice')).toThrow(usage('did you mean alice?'));
  });

  test.each([
    '',
    'squad/x',
    'team/',
    'team/a/b',
    'group/',
    'group/a/b',
    'system:masters',
    'group/system:masters',
  ])('%j is no subject', (text) => {
    expect(() => parseSubject(text)).toThrow(usage());
  });
});

describe('kinds', () => {
  test('are known in singular and plural', () => {
    expect(findKind('users').kind).toBe('User');
    expect(findKind('Cluster').kind).toBe('Cluster');
    expect(kindAndNames(['grant/a', 'b'])).toMatchObject({ names: ['a', 'b'] });
  });

  test('the nearest is named', () => {
    expect(() => findKind('usr')).toThrow(usage('did you mean user?'));
    expect(() => findKind('pods')).toThrow(
      usage(
        'known: users, groups, services, roles, grants, clusters, delegations, identityproviders, namespaceprofiles, teams',
      ),
    );
  });
});

describe('names of grants', () => {
  const word = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
  const userName = fc.stringMatching(/^[a-z0-9]([a-z0-9._@+-]{0,120}[a-z0-9])?$/);

  test('case 56: however long the parts are, the name is a valid one', () => {
    fc.assert(
      fc.property(userName, word, word, word, (user, role, cluster, namespace) => {
        const name = grantName({ user }, role, `${cluster}/${namespace}`);
        expect(RoleName.safeParse(name).success).toBe(true);
      }),
    );
  });

  test('case 56: names that are cut alike, or join alike, stay apart', () => {
    const long = 'x'.repeat(60);
    expect(grantName({ user: `${long}a` }, 'view', 'c')).not.toBe(
      grantName({ user: `${long}b` }, 'view', 'c'),
    );
    expect(grantName({ user: 'a' }, 'b-c', 'd')).not.toBe(grantName({ user: 'a-b' }, 'c', 'd'));
    expect(grantName({ group: 'a' }, 'b', 'c')).not.toBe(grantName({ user: 'group-a' }, 'b', 'c'));
    expect(grantName({ user: 'a.b' }, 'r', 'c')).not.toBe(grantName({ user: 'a@b' }, 'r', 'c'));
  });

  test('case 55: the same grant has the same name each time', () => {
    const name = grantName({ user: 'alice@acme.io' }, 'edit', 'prod-eu/*');
    expect(name).toBe(grantName({ user: 'alice@acme.io' }, 'edit', 'prod-eu/*'));
    expect(name).toMatch(/^alice-acme-io-edit-prod-eu-all-[0-9a-f]{10}$/);
  });
});

test('words printed as a command are read back by a shell as they were', () => {
  const words = ['a b', "it's", '$HOME', '*', '', 'x;y', 'plain', '-f', 'ä', '`id`', '"'];
  const printed = execFileSync('sh', ['-c', `printf '%s\\n' ${shellWords(words)}`], {
    encoding: 'utf8',
  });
  expect(printed.split('\n').slice(0, -1)).toEqual(words);
});
