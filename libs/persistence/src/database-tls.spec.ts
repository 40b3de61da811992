import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { databaseAddress } from './database-tls.ts';

const base = 'postgres://ambit:secret@db.acme.io:5432/ambit';

describe('the check of the database’s certificate', () => {
  test.each([
    'sslmode=verify-full',
    'sslmode=require',
    'ssl=true',
    'uselibpqcompat=true&sslmode=verify-full',
  ])('is said aloud with %s, so that no variable turns it off', (query) => {
    const { connectionString, ssl } = databaseAddress(`${base}?${query}&application_name=x`);
    expect(ssl).toMatchObject({ rejectUnauthorized: true, minVersion: 'TLSv1.2' });
    expect(connectionString).toBe(`${base}?application_name=x`);
  });

  test.each(['sslmode=no-verify', 'ssl=no-verify', 'uselibpqcompat=true&sslmode=require'])(
    'cannot be left out: %s is refused',
    (query) => {
      expect(() => databaseAddress(`${base}?${query}`)).toThrow(/TLS without a check/);
    },
  );

  test('a URL without TLS is taken as it is', () => {
    expect(databaseAddress(`${base}?sslmode=disable`)).toEqual({
      connectionString: `${base}?sslmode=disable`,
    });
    expect(databaseAddress(base)).toEqual({ connectionString: base });
  });
});

describe('a password in a file', () => {
  const at = (query: string, user = 'central%40app'): string =>
    `postgres://${user}@db.acme.io:6543/am%20bit?${query}`;

  test('is read for each connection, as it then is, without the end of its line', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ambit-password-'));
    const file = join(folder, 'password');
    const { password, ...address } = databaseAddress(at(`passwordfile=${file}`));
    expect(address).toEqual({
      connectionString: '',
      host: 'db.acme.io',
      port: 6543,
      user: 'central@app',
      database: 'am bit',
    });
    for (const text of ['one', 'tw o\n', ' three\r\n', 'four\n\n']) {
      await writeFile(file, text);
      expect(await password?.()).toBe(text.replace(/\r?\n$/, ''));
    }
    await rm(folder, { recursive: true });
    await expect(password?.()).rejects.toMatchObject({
      code: 'database_unavailable',
      extras: { why: `The file ${file} was not read (ENOENT).` },
    });
  });

  test('goes with TLS', () => {
    const { ssl, password, connectionString } = databaseAddress(
      at('sslmode=verify-full&passwordfile=/run/password'),
    );
    expect([ssl, password, connectionString]).toEqual([
      expect.objectContaining({ rejectUnauthorized: true }),
      expect.any(Function),
      '',
    ]);
  });

  test.each([
    [at('passwordfile='), /is empty/],
    [at('passwordfile=/run/password', 'app:secret'), /a password in the URL too/],
  ])('is refused where it is not clear which counts: %s', (url, why) => {
    expect(() => databaseAddress(url)).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        extras: expect.objectContaining({ why: expect.stringMatching(why) }),
      }),
    );
  });
});
