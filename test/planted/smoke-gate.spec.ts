import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { copyHouse, house, type HouseCopy } from './house-copy.ts';

const withinMs = 300_000;
/** The programs and the libraries in which faults are planted; a link would lead back to those of the checkout. */
const compiled = ['apps/agent', 'apps/central', 'libs/kube', 'libs/persistence', 'libs/protocol'];

let copy: HouseCopy;
beforeAll(() => {
  copy = copyHouse();
  for (const room of compiled) {
    const dist = join(copy.root, room, 'dist');
    rmSync(dist);
    // Without its bundle the agent runs from the libraries.
    const filter = (source: string): boolean => !source.endsWith('/bundle');
    cpSync(join(house, room, 'dist'), dist, { recursive: true, filter });
  }
}, withinMs);
afterAll(() => copy.remove());

test(
  'the smoke set stops one more SQL statement a PUT, one more LIST, and a state that is sent again',
  async () => {
    copy.edit(
      'libs/persistence/dist/database.js',
      /( async pipelined\([^\n]*\{)/,
      `$1 await this.query('SELECT 1');`,
    );
    copy.edit(
      'libs/kube/dist/reflector.js',
      /(const answer = )(await client\.list\([^;]*;)/,
      '$2 $1$2',
    );
    copy.edit(
      'libs/protocol/dist/core/state-sender.js',
      /( #changedSince\([^\n]*\{)/,
      '$1 return undefined;',
    );
    const words = ['--no-warnings', 'test/bench/run.ts', 'counts', '--smoke'];
    const { code, stdout } = await copy.run('node', ...words);
    const broken = [...stdout.matchAll(/✗ BROKEN {2}(.+?): /g)].map(([, name]) => name);
    expect(broken).toEqual([
      'SQL statements of a PUT',
      'lists of bindings at a restart',
      'bytes to an agent that comes back with 90 bindings',
    ]);
    // What was not planted is as it was.
    expect(stdout).toMatch(/^4 met, 0 missed, 3 broken, 0 void, 0 failed in /m);
    expect(code).toBe(1);
  },
  withinMs,
);
