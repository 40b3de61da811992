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
