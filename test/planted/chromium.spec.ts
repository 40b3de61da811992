import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { settleChromium } from '../house/chromium.ts';
import { findChromium } from '../support/chromium.ts';

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ambit-settle-'));
  // Nothing of this machine is on it.
  env = { PATH: folder };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function plant(name: string, script: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

const page = 'echo "<html><head></head><body></body></html>"';
const browser = `case "$*" in *--version*) echo Chromium 1.2.3;; *) ${page};; esac`;

describe('the Chromium that tests of pages meet', () => {
  test('is the one that is named, else the first on the PATH', async () => {
    const path = await plant('chromium', browser);
    const named = await plant('my-own', browser);
    expect(await settleChromium(env)).toEqual({
      says: `Chromium: Chromium 1.2.3, from ${path}`,
      env: { AMBIT_CHROMIUM: path },
    });
    expect((await settleChromium({ ...env, AMBIT_CHROMIUM: named })).env).toEqual({
      AMBIT_CHROMIUM: named,
    });
  });

  test.each([
    ['ends badly', 'exit 1'],
    ['shows no page', 'true'],
  ])('that %s is none, which is said and fails nothing', async (_, script) => {
    const path = await plant('chromium', script);
    expect(await settleChromium(env)).toEqual({
      says: `Chromium: NONE (${path} does not start): the tests of pages in a browser are skipped`,
      env: { AMBIT_CHROMIUM: 'none' },
    });
  });

  test('is looked for no further when none is asked for, by the tests neither', async () => {
    await plant('chromium', browser);
    const settled = await settleChromium({ ...env, AMBIT_CHROMIUM: 'none' });
    expect(settled.says).toContain('as asked for');
    expect(findChromium({ ...env, ...settled.env })).toBeUndefined();
  });
});

// There it is looked for beside the PATH too.
const onMac = process.platform === 'darwin';

(onMac ? describe.skip : describe)('where there is no Chromium', () => {
  const asked = (): Record<string, string> => ({ ...env, AMBIT_INSTALL_CHROMIUM: '1' });

  test('nothing is installed unless that is asked for, nor by anybody but root', async () => {
    await plant('apt-get', `/bin/touch ${join(folder, 'asked')}`);
    expect((await settleChromium(env, 0)).says).toContain('AMBIT_CHROMIUM names one');
    expect((await settleChromium(asked(), 1000)).says).toContain('needs root');
    expect(existsSync(join(folder, 'asked'))).toBe(false);
  });

  test('it is installed as a package of Debian', async () => {
    const program = join(folder, 'chromium');
    const script = browser.replaceAll('"', String.raw`\"`).replaceAll('$', String.raw`\$`);
    await plant(
      'apt-get',
      `case "$*" in *"install -y --no-install-recommends chromium") printf '%s\\n' '#!/bin/sh' "${script}" > ${program}; /bin/chmod +x ${program};; esac`,
    );
    expect(await settleChromium(asked(), 0)).toEqual({
      says: expect.stringMatching(/^Chromium: Chromium 1\.2\.3, from the Debian package chromium/),
      env: { AMBIT_CHROMIUM: program },
    });
  });

  test('a package that cannot be had is said, and fails nothing', async () => {
    await plant('apt-get', 'exit 100');
    expect((await settleChromium(asked(), 0)).says).toContain('apt-get ended with 100');
  });
});
