import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { decodeText } from './decode-text.ts';
import { readText } from './read-text.ts';

const text = 'name: Zoë 日本 😀\n';
const bigEndian = (plain: string) => Buffer.from(plain, 'utf16le').swap16();
const utf32le = (plain: string) =>
  Buffer.concat(
    [...plain].map((one) => {
      const unit = Buffer.alloc(4);
      unit.writeUInt32LE(one.codePointAt(0) ?? 0);
      return unit;
    }),
  );
const utf32be = (plain: string) => Buffer.from(utf32le(plain)).swap32();
const reasonOf = (bytes: Uint8Array): string => {
  const decoded = decodeText(bytes);
  return decoded.ok ? `read as ${JSON.stringify(decoded.text)}` : decoded.reason;
};

describe('outside case 13: text is read in the encoding that it is in, or refused by its name', () => {
  test.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\uFEFF${text}`)],
    ['UTF-16 little endian', Buffer.from(`\uFEFF${text}`, 'utf16le')],
    ['UTF-16 big endian', bigEndian(`\uFEFF${text}`)],
    ['two marks', Buffer.from(`\uFEFF\uFEFF${text}`)],
    ['two marks of UTF-16', bigEndian(`\uFEFF\uFEFF${text}`)],
  ])('%s is read, and the mark is no part of it', (_, bytes) => {
    expect(decodeText(bytes)).toEqual({ ok: true, text });
  });

  test.each(['utf8', 'utf16le'] as const)('%s files put behind each other', (encoding) => {
    const one = Buffer.from(`\uFEFFa: 1\n`, encoding);
    const two = Buffer.from(`\uFEFF---\nb: 2\n`, encoding);
    const three = Buffer.from(`---\n\uFEFFc: \uFEFF3\n`, encoding);
    expect(decodeText(Buffer.concat([one, two, three]))).toEqual({
      ok: true,
      text: 'a: 1\n---\nb: 2\n---\nc: \uFEFF3\n',
    });
  });

  test.each([
    ['UTF-16 (little endian) without', Buffer.from(text, 'utf16le')],
    ['UTF-16 (big endian) without', bigEndian(text)],
    ['UTF-32 (little endian), which', utf32le(`\uFEFF${text}`)],
    ['UTF-32 (big endian), which', utf32be(`\uFEFF${text}`)],
    ['UTF-32 (little endian) without', utf32le(text)],
    ['UTF-32 (big endian) without', utf32be(text)],
  ])('%s is refused by that name', (name, bytes) => {
    expect(reasonOf(bytes)).toContain(`it is ${name}`);
    expect(reasonOf(bytes)).toContain('save it as UTF-8');
  });

  test.each([
    ['Latin-1', Buffer.from('a: b\nname: Zo\u00eb\n', 'latin1'), 'byte 13 (line 2)'],
    ['Latin-1 at the end', Buffer.from('Zo\u00eb', 'latin1'), 'at byte 3'],
    ['an overlong form', Buffer.from([0x61, 0xc0, 0xaf]), 'byte 1 (line 1)'],
    ['half a surrogate', Buffer.from([0x61, 0x62, 0xed, 0xa0, 0x80, 0x62]), 'byte 2 (line 1)'],
    ['a broken character of four', Buffer.from([0x61, 0xf0, 0x9f, 0x98, 0x62]), 'byte 1 (line 1)'],
    ['a stray middle', Buffer.from([0xc3, 0xab, 0xab, 0x62]), 'byte 2 (line 1)'],
    ['a NUL', Buffer.from('abc\ndef\0ghi'), 'byte 7 (line 2) is NUL'],
    ['UTF-16 cut in a character', Buffer.from([0xff, 0xfe, 0x61, 0, 0x62]), 'in the middle'],
    ['UTF-16 with half a pair', Buffer.from('\uFEFFab\uD83Dc', 'utf16le'), 'at byte 6'],
    [
      'UTF-8, then UTF-16',
      Buffer.concat([Buffer.from('a: 1\n'), Buffer.from('\uFEFFb: 2\n', 'utf16le')]),
      'byte 8 (line 2) is NUL',
    ],
  ])('%s is refused with its place', (_, bytes, place) => {
    expect(reasonOf(bytes)).toContain(place);
  });
});

describe('outside case 24: what is named is read, or told by what it is', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ambit-text-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const reason = async (path: string, more = {}) => {
    const found = await readText(path, more);
    return found.ok ? `read as ${found.text}` : found.reason;
  };

  test('files, links to files, and devices', async () => {
    const file = join(folder, 'a');
    await writeFile(file, text);
    await symlink(file, join(folder, 'b'));
    expect(await readText(join(folder, 'b'))).toEqual({ ok: true, text });
    expect(await readText('/dev/null')).toEqual({ ok: true, text: '' });
    expect(await reason('/dev/zero')).toBe('it is larger than 1 MiB');
  });

  test('a folder, a socket, nothing, a circle, too much', async () => {
    const server = createServer().listen(join(folder, 'socket'));
    await mkdir(join(folder, 'x.yaml'));
    await symlink('loop', join(folder, 'loop'));
    await writeFile(join(folder, 'big'), Buffer.alloc(1025, 'a'));
    expect(await reason(join(folder, 'socket'))).toContain('it is a socket');
    expect(await reason(join(folder, 'x.yaml'))).toBe('it is a folder');
    expect(await reason(join(folder, 'none'))).toContain('there is no such file');
    expect(await reason(join(folder, 'big', 'a'))).toContain('no folder');
    expect(await reason(join(folder, 'loop'))).toContain('circle');
    expect(await reason(join(folder, 'big'), { maxBytes: 1024 })).toBe('it is larger than 1 KiB');
    server.close();
  });

  test('a pipe is read to its end; one that nobody writes into is given up', async () => {
    const pipe = join(folder, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    expect(await reason(pipe, { writerWithinMs: 40 })).toContain('a pipe that nobody wrote into');
    const big = 'x'.repeat(300_000);
    const [read] = await Promise.all([readText(pipe), appendFile(pipe, `${text}${big}`)]);
    expect(read).toEqual({ ok: true, text: `${text}${big}` });
    const [refused] = await Promise.all([
      reason(pipe, { maxBytes: 100_000 }),
      appendFile(pipe, big).catch(() => undefined),
    ]);
    expect(refused).toContain('it is larger than');
  });
});
