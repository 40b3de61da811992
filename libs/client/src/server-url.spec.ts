import { describe, expect, test } from '@jest/globals';
import { checkServerUrl } from './server-url.ts';

describe('the URL of central', () => {
  test.each([
    ['https://ambit.acme.io', 'https://ambit.acme.io/'],
    ['https://acme.io/ambit/', 'https://acme.io/ambit'],
    ['http://127.0.0.1:7080', 'http://127.0.0.1:7080/'],
    ['http://localhost:7080/', 'http://localhost:7080/'],
    ['http://[::1]:7080', 'http://[::1]:7080/'],
  ])('%s', (text, href) => {
    expect(checkServerUrl(text).href).toBe(href);
  });

  test.each([
    'http://ambit.acme.io',
    'http://127.0.0.1.acme.io',
    'http://localhost.acme.io',
    'http://10.0.0.1:7080',
    'http://127.example',
  ])('%s: plain HTTP would send the token to another machine in the clear', (text) => {
    expect(() => checkServerUrl(text)).toThrow(/unencrypted/);
    expect(() => checkServerUrl(text, { allowPlainHttp: true })).not.toThrow();
  });

  test.each(['', 'ambit.acme.io', 'ftp://acme.io', 'file:///etc', 'https://'])(
    '%j is no server',
    (text) => {
      expect(() => checkServerUrl(text)).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );

  test.each([
    'https://me:canary@acme.io',
    'https://acme.io/?token=canary',
    'https://acme.io/#canary',
  ])('case b51: %s is refused without being quoted', (text) => {
    expect(() => checkServerUrl(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('canary') }),
    );
  });
});
