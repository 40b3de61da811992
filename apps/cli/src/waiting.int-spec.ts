import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startCommand } from './command-run.test-support.ts';
import { SmallCentral } from './small-central.test-support.ts';

const me = { kind: 'Me', actor: 'token/ci', role: 'admin', permissions: [], tokenId: 'x' };
let central: SmallCentral;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
});
afterEach(() => central.stop());

test('case U12: a central that does not answer is named in a log, and how long that may go on', async () => {
  const held = Promise.withResolvers<typeof me>();
  central.answers = { getMe: () => held.promise };
  const run = startCommand(['whoami', '--timeout', '60s'], {
    env: {
      AMBIT_CONFIG_DIR: '/nonexistent',
      AMBIT_TOKEN: central.token,
      AMBIT_SERVER: central.url,
    },
  });
  const line = `still waiting for ${central.url}, up to 60s an answer\n`;
  await new Promise<void>((resolve) => {
    run.child.stderr?.on('data', () => run.err().includes(line) && resolve());
  });
  held.resolve(me);
  expect(await run.finished).toMatchObject({ code: 0, err: line });
});
