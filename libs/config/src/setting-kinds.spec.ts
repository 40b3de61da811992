import { describe, expect, test } from '@jest/globals';
import { addressText, isLoopback, parseAddress, reachableText } from './addresses.ts';
import type { Setting } from './setting.ts';
import {
  address,
  choice,
  choices,
  duration,
  path,
  secretUrl,
  text,
  texts,
  toggle,
  wholeNumber,
} from './setting-kinds.ts';

const describe_ = { describe: 'x' };

describe.each<[string, Setting<unknown>, Record<string, unknown>, string[]]>([
  ['text', text(describe_), { a: 'a' }, ['']],
  [
    'wholeNumber',
    wholeNumber({ ...describe_, min: -1, max: 10 }),
    { '10': 10, '-1': -1, '007': 7 },
    ['11', '-2', '', '1.0', '1e1', ' 1', '0x1', 'NaN', '9'.repeat(30)],
  ],
  [
    'duration',
    duration({ ...describe_, min: 500, max: 86_400_000 }),
    { '500ms': 500, '30s': 30_000, '10m': 600_000, '24h': 86_400_000, '1d': 86_400_000 },
    ['499ms', '2d', '30', 's', '-1s', '1.5s', '1 s', '1w', ''],
  ],
  [
    'toggle',
    toggle(describe_),
    { true: true, '1': true, false: false, '0': false },
    ['yes', '', 'TRUE'],
  ],
  ['choice', choice(['a', 'b'], describe_), { a: 'a' }, ['c', 'A', '']],
  ['choices', choices(['a', 'b'], describe_), { 'a, b': ['a', 'b'], '': [] }, ['a,a', 'a,,b', 'c']],
  ['texts', texts(describe_), { 'x,y': ['x', 'y'] }, ['x,x', ',']],
  [
    'address',
    address(describe_),
    {
      'h:1': { host: 'h', port: 1 },
      ':7443': { host: '0.0.0.0', port: 7443 },
      '[::1]:0': { host: '::1', port: 0 },
    },
    ['h', 'h:65536', '::1:80', 'http://h:1', 'h:', 'u@h:1', ''],
  ],
  ['path', path(describe_), { '/a/b': '/a/b' }, ['']],
])('%s', (_, kind, good, bad) => {
  test.each(Object.entries(good))('%j is read', (raw, value) => {
    expect(kind.parse(raw)).toEqual({ value });
  });
  test.each(bad)('%j is refused with what was expected', (raw) => {
    expect(kind.parse(raw)).toEqual({ expected: expect.any(String) });
  });
});

test('a relative path becomes absolute', () => {
  expect(path(describe_).parse('x')).toEqual({ value: `${process.cwd()}/x` });
});

test.each([
  ['[::1]:34080', '[::1]:34080', '[::1]:34080'],
  ['[0:0:0:0:0:0:0:1]:80', '[::1]:80', '[::1]:80'],
  ['[::]:80', '[::]:80', '[::1]:80'],
  ['[2001:DB8::7]:80', '[2001:db8::7]:80', '[2001:db8::7]:80'],
  [':80', '0.0.0.0:80', '127.0.0.1:80'],
  ['127.0.0.5:80', '127.0.0.5:80', '127.0.0.5:80'],
  ['localhost:80', 'localhost:80', 'localhost:80'],
])('outside case 21: %s prints as %s and is reached at %s', (text, shown, reached) => {
  const address = parseAddress(text) ?? { host: '', port: 0 };
  expect([addressText(address), reachableText(address)]).toEqual([shown, reached]);
});

test.each(['::1:80', '[::1]', '[1.2.3.4]:80', '[:::]:80', '[::1%lo]:80', '[::1]:65536'])(
  'outside case 21: %s is no address',
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test('addresses print as they are read, and loopback is told apart', () => {
  for (const shown of ['127.0.0.1:7080', '[::1]:7080', 'central.example:7443']) {
    const parsed = parseAddress(shown);
    expect(parsed && addressText(parsed)).toBe(shown);
  }
  expect(['localhost', '::1', '127.0.0.1', '127.8.0.1'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example'].map(isLoopback)).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('a secret URL is one of its schemes, and is not quoted when it is not', () => {
  const one = secretUrl({ describe: 'x', schemes: ['postgres', 'postgresql'] });
  const parsed = one.parse('postgres://ada:geheim@db/ambit');
  expect('value' in parsed && parsed.value?.reveal()).toBe('postgres://ada:geheim@db/ambit');
  for (const raw of ['mysql://ada:geheim@db/ambit', 'db', '', 'postgres']) {
    expect(one.parse(raw)).toEqual({
      expected: 'a URL that starts with postgres:// or postgresql://',
    });
  }
});
