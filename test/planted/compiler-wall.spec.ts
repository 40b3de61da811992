import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';
import { house } from './house-copy.ts';
import { rooms } from '../architecture/walls.ts';

const planted = {
  'node:fs': `import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n`,
  process: `export const x = process.env;\n`,
  timers: `export const x = setTimeout(() => undefined, 1);\n`,
  console: `export const x = (): void => console.log('x');\n`,
  fetch: `export const x = (): unknown => fetch('http://x');\n`,
  Buffer: `export const x = Buffer.from('x');\n`,
  enum: `export enum X { a }\n`,
  'parameter property': `export class X { constructor(readonly x: number) {} }\n`,
} as const;

const harmless = 'export const x: number = [1].length;\n';

/** What the compiler says of each text as a file of its own in `room`; no file is written. */
function complaints(room: string, texts: readonly string[]): readonly (readonly string[])[] {
  const config = join(house, room, 'tsconfig.json');
  const folder = room.endsWith('/core') ? dirname(config) : join(dirname(config), 'src');
  const files = new Map(texts.map((text, index) => [join(folder, `planted-${index}.ts`), text]));
  const { options } = ts.getParsedCommandLineOfConfigFile(config, {}, ts.sys as never) ?? {};
  if (options === undefined) throw new Error(`${config} cannot be read`);
  const settings = { ...options, noEmit: true, composite: false, incremental: false };
  delete settings.tsBuildInfoFile;
  const host = ts.createCompilerHost(settings);
  const { fileExists, readFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  const program = ts.createProgram([...files.keys()], settings, host);
  return [...files.keys()].map((file) => {
    const source = program.getSourceFile(file);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
  });
}

const pure = Object.keys(rooms).filter((room) => rooms[room]?.pure);

test.each(pure)(
  'the compiler wall around %s stops the platform and lets pure code pass',
  (room) => {
    const [good, ...bad] = complaints(room, [harmless, ...Object.values(planted)]);
    expect(good).toEqual([]);
    const stopped = Object.keys(planted).filter((_, index) => (bad[index] ?? []).length > 0);
    expect(stopped).toEqual(Object.keys(planted));
  },
);
