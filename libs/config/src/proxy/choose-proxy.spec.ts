import { describe, expect, test } from '@jest/globals';
import { chooseProxy } from './choose-proxy.ts';

const proxy = { HTTPS_PROXY: 'http://proxy.acme.io:3128', HTTP_PROXY: 'http://plain.acme.io:3128' };
const goesThrough = (host: string, noProxy = '', port = 443) =>
  chooseProxy({ host, port }, { ...proxy, NO_PROXY: noProxy }) !== undefined;

describe('loopback is never reached through a proxy', () => {
  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'central.localhost',
    '127.0.0.1',
    '127.8.9.10',
    '127.1',
    '0x7f000001',
    '0.0.0.0',
    '::',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '[::ffff:127.0.0.1]',
  ])('%s', (host) => expect(goesThrough(host)).toBe(false));

  test.each(['localhost.acme.io', 'notlocalhost', '128.0.0.1', '::2', '127.0.0.1.acme.io'])(
    '%s is another machine',
    (host) => expect(goesThrough(host)).toBe(true),
  );
});

describe('NO_PROXY', () => {
  test.each([
    ['*', 'ambit.acme.io'],
    ['acme.io', 'acme.io'],
    ['acme.io', 'ambit.acme.io'],
    ['.acme.io', 'ambit.acme.io'],
    ['*.acme.io', 'ambit.acme.io'],
    ['ACME.io', 'Ambit.acme.IO.'],
    ['other.io, acme.io', 'ambit.acme.io'],
    ['other.io acme.io', 'ambit.acme.io'],
    ['acme.io:443', 'ambit.acme.io'],
    ['10.0.0.0/8', '10.20.30.40'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3:443', '10.1.2.3'],
    ['10.0.0.0/8', '::ffff:10.1.2.3'],
    ['fd00::/8', 'fd12:3456::1'],
    ['[fd00::/8]', 'fd12:3456::1'],
    ['fd12::1', '[fd12:0::1]'],
    ['[fd12::1]:443', 'fd12::1'],
  ])('%s holds for %s', (noProxy, host) => expect(goesThrough(host, noProxy)).toBe(false));

  test.each([
    ['', 'ambit.acme.io'],
    ['.', 'ambit.acme.io'],
    ['acme.io', 'notacme.io'],
    ['acme.io:8443', 'ambit.acme.io'],
    ['10.0.0.0/8', '11.0.0.1'],
    ['10.0.0.0/99', '10.0.0.1'],
    ['10.0.0.0/8', '10.acme.io'],
    ['fd00::/8', 'fe00::1'],
    ['[fd12::1]:8443', 'fd12::1'],
  ])('%s does not hold for %s', (noProxy, host) => expect(goesThrough(host, noProxy)).toBe(true));

  test('the lower-case variable comes first', () => {
    const both = { ...proxy, no_proxy: 'acme.io', NO_PROXY: 'other.io' };
    expect(chooseProxy({ host: 'a.acme.io', port: 443 }, both)).toBeUndefined();
  });
});

describe('the proxy', () => {
  const chosen = (value: string) =>
    chooseProxy({ host: 'ambit.acme.io', port: 443 }, { https_proxy: value });

  test.each([
    ['http://10.0.0.1:3128', { host: '10.0.0.1', port: 3128, secure: false }],
    ['proxy.acme.io:3128', { host: 'proxy.acme.io', port: 3128, secure: false }],
    ['https://proxy.acme.io', { host: 'proxy.acme.io', port: 443, secure: true }],
    ['http://[fd00::1]:8080', { host: 'fd00::1', port: 8080, secure: false }],
  ])('%s is understood', (value, expected) => expect(chosen(value)).toMatchObject(expected));

  test('HTTP_PROXY names none, because nothing of ours goes through one unencrypted', () => {
    const only = { HTTP_PROXY: proxy.HTTP_PROXY, http_proxy: proxy.HTTP_PROXY };
    expect(chooseProxy({ host: 'ambit.acme.io', port: 443 }, only)).toBeUndefined();
  });

  test('its credentials are sent to it and are in no text', () => {
    const found = chosen('http://us%40er:pa%3Ass@10.0.0.1:3128');
    expect(found?.name).toBe('the proxy http://10.0.0.1:3128 (https_proxy)');
    expect(found?.authorization).toBe(`Basic ${Buffer.from('us@er:pa:ss').toString('base64')}`);
  });

  test.each([
    'socks5://me:secret@10.0.0.1',
    'http://me:secret@',
    'http://me:se cret@@[x',
    '://secret',
  ])('%s is refused by the name of the variable alone', (value) => {
    expect(() => chosen(value)).toThrow(/^https_proxy is not the URL of an HTTP proxy\.$/);
  });
});
