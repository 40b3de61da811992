import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { house } from '../planted/house-copy.ts';

/** The commands under a heading of the README, in order: each in one line, without what is said about it. */
export async function readmeCommands(heading: string): Promise<readonly string[]> {
  const text = await readFile(join(house, 'README.md'), 'utf8');
  const [, part = ''] = text.split(`\n${heading}\n`);
  const [section = ''] = part.split(/^#{2,3} /m);
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', '').split('\n'))
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '');
}
