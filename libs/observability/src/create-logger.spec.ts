import { describe, expect, test } from '@jest/globals';
import { AppError } from '@ambit/kernel';
import { createLogger, silentLogger, type LoggerOptions } from './create-logger.ts';

function recorded(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return { lines, logger: createLogger({ name: 'central', destination, ...options }) };
}

describe('secrets', () => {
  const canary = 'c4n4ry0123456789';
  const cases: [string, string, Record<string, unknown>][] = [
    ['a field by name', 'x', { password: canary }],
    ['a field by name, any style', 'x', { 'X-Api-Key': canary, DB_PASSWORD: canary }],
    ['a field in depth', 'x', { a: [{ b: { joinToken: canary } }] }],
    ['a header', 'x', { headers: { authorization: `Bearer ${canary}` } }],
    ['bytes under a secret name', 'x', { clientSecret: Buffer.from(canary) }],
    ['an API token in the message', `sent amb_01ab_${canary}_c0ffee`, {}],
    ['a join token in a field', 'x', { command: `--join-token ambj_01.${canary}.abc` }],
    ['a bearer in the message', `Authorization: bearer ${canary}`, {}],
    ['a password in a URL', `at postgres://app:${canary}@db:5432/x`, {}],
    ['a password in a URL without a user', `at redis://:${canary}@db:6379`, {}],
    [
      'a private key',
      `-----BEGIN EC PRIVATE KEY-----\n${canary}\n-----END EC PRIVATE KEY-----`,
      {},
    ],
    ['a JWT', `eyJhbGciOiJFUzI1NiJ9.${canary}.${canary}`, {}],
    ['an error', 'x', { error: new Error(`no amb_1_${canary}_2`, { cause: { token: canary } }) }],
    ['an object with toJSON', 'x', { a: { toJSON: () => ({ secret: canary }) } }],
  ];

  test.each(cases)('%s is not written', (_, message, fields) => {
    for (const format of ['json', 'text'] as const) {
      const { lines, logger } = recorded({ format });
      logger.info(message, fields);
      logger.child(fields).error(message);
      expect(lines).toHaveLength(2);
      expect(lines.join('')).not.toContain(canary);
      expect(lines.join('')).toContain('[redacted]');
    }
  });

  test('what is public stays readable', () => {
    const { lines, logger } = recorded();
    const fields = { key: 'binding/1', tokenId: '01ab', cluster: 'prod-eu', at: new Date(0) };
    logger.info('read https://central:7443/x', fields);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'info',
      name: 'central',
      message: 'read https://central:7443/x',
      key: 'binding/1',
      tokenId: '01ab',
      at: '1970-01-01T00:00:00.000Z',
    });
  });
});

describe('lines', () => {
  test('below the level are not written, and silent writes nothing', () => {
    const { lines, logger } = recorded({ level: 'warn' });
    logger.info('no');
    logger.debug('no');
    logger.warn('yes');
    expect(lines).toHaveLength(1);
    const silent = recorded({ level: 'silent' });
    silent.logger.error('no');
    expect(silent.lines).toEqual([]);
    silentLogger.child({ a: 1 }).error('no');
  });

  test('errors carry code, message and causes', () => {
    const { lines, logger } = recorded();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    logger.error('cannot start', { error: new AppError('internal', 'broken', { cause }) });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      error: {
        type: 'AppError',
        code: 'internal',
        message: 'broken',
        cause: { type: 'Error', code: 'ECONNREFUSED', message: 'refused' },
      },
    });
  });

  test('what was foreseen is told without stacks, what was not with them', () => {
    const { lines, logger } = recorded();
    const cause = new Error('connection dropped');
    const unreachable = new AppError('server_unreachable', 'Central cannot be reached.', { cause });
    logger.warn('no stream', { error: unreachable });
    const marked = Object.assign(new Error('no answer', { cause }), { foreseen: true });
    logger.warn('no answer', { error: marked });
    logger.error('a bug', { error: new AppError('internal', 'broken', { cause }) });
    expect(lines[0]).toContain('connection dropped');
    expect(lines[0]).not.toContain('stack');
    expect(lines[1]).not.toContain('stack');
    expect(lines[2]).toContain('stack');
  });

  test('for people show time, level, message, fields, and a stack below', () => {
    const { lines, logger } = recorded({ format: 'text' });
    logger.child({ cluster: 'prod-eu' }).warn('slow apply', { ms: 12, why: 'no reply' });
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow apply cluster=prod-eu ms=12 why="no reply"\n$/,
    );
    logger.error('failed', { error: new TypeError('bad') });
    expect(lines[1]).toMatch(
      /error=\{"type":"TypeError","message":"bad"\}\n {6}TypeError: bad\n {6} +at /,
    );
  });

  test('a value that refers to itself ends', () => {
    const { lines, logger } = recorded();
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    logger.info('x', { loop });
    expect(lines[0]).toContain('[deeper]');
  });
});

test.each(['json', 'text'] as const)(
  'what a line tells cannot act on a terminal, as %s',
  (format) => {
    const { lines, logger } = recorded({ format });
    const hostile = 'x\u001b]0;owned\u0007\u009b2J\u007f\r\nERROR forged\u202e\u200b';
    logger.info(hostile, { name: hostile, [hostile]: hostile, error: new Error(hostile) });
    const text = lines.join('');
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{C}/u);
    expect(text).not.toMatch(/^ERROR forged/m);
    if (format === 'json') expect(JSON.parse(text)).toMatchObject({ message: hostile });
  },
);
