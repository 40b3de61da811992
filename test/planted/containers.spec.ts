import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { settleContainers } from '../house/containers.ts';
import { containerTools, imagesAtHand } from '../support/images-at-hand.ts';

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-settle-'));
  // Nothing of this machine is on it, nor in its cache.
  env = { PATH: folder, AMBIT_CACHE_DIR: join(folder, 'cache') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function plant(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

const skipped = (why: string): object => ({
  says: `Images: NOT BUILT (${why}): the tests that start them are skipped`,
  env: { AMBIT_IMAGES: 'none' },
});

describe('images that cannot be built and started here', () => {
  test.each([
    ['as asked for', { AMBIT_IMAGES: 'none' }, 0],
    ['mounting file systems needs root', {}, 1000],
    ['not on the PATH: buildah, runc, mmdebstrap', {}, 0],
  ])('%s: is said and fails nothing', async (why, more, uid) => {
    expect(await settleContainers({ ...env, ...more }, uid)).toEqual(skipped(why));
  });

  test('are those whose base cannot be had, in the words of the tool', async () => {
    for (const tool of containerTools) await plant(tool, 'exit 0');
    await plant('mmdebstrap', 'echo "E: no mirror" >&2; exit 100');
    expect(await settleContainers(env, 0)).toEqual(
      skipped('a first one does not start here: E: no mirror'),
    );
  });

  test('are looked for by the tests in the same way', async () => {
    expect(imagesAtHand(env, 0)).toBe(false);
    for (const tool of containerTools) await plant(tool, 'exit 0');
    expect(imagesAtHand(env, 0)).toBe(true);
    expect(imagesAtHand(env, 1000)).toBe(false);
    expect(imagesAtHand({ ...env, AMBIT_IMAGES: 'none' }, 0)).toBe(false);
  });
});
