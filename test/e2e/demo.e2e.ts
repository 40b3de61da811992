import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { processesOf } from '@ambit/dev-cluster';
import { eventually } from '@ambit/testing';

const program = fileURLToPath(new URL('../../apps/demo/bin/ambit-demo.js', import.meta.url));
let temp: string;
let demo: Run | undefined;

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: () => string;
}

/** The demo in a temp folder of its own, so that whatever it leaves there is seen. */
function run(...args: readonly string[]): Run {
  let output = '';
  const { AMBIT_REQUIRE_KUBERNETES: required, ...env } = process.env;
  const simulated = args.includes('--simulated');
  const child = spawn(process.execPath, [program, ...args], {
    // Where a real Kubernetes is required, asking for a simulated one is refused.
    env: {
      ...env,
      ...(simulated || !required ? {} : { AMBIT_REQUIRE_KUBERNETES: required }),
      TMPDIR: temp,
    },
    // By it what the demo starts is found again, and Ctrl-C is told to all of the group.
    cwd: temp,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  demo = { child, ended, output: () => output };
  return demo;
}

async function leftNothing(): Promise<void> {
  expect(await processesOf(temp)).toEqual([]);
  expect(await readdir(temp)).toEqual([]);
}

beforeEach(async () => {
  temp = await mkdtemp(join(tmpdir(), 'ambit-demo-e2e-'));
});
afterEach(async () => {
  if (demo?.child.exitCode === null) {
    demo.child.kill('SIGINT');
    await demo.ended;
  }
  await rm(temp, { recursive: true, force: true });
});

/** Rows of a printed table below its title, by their first word. */
function rows(output: string, step: string): Readonly<Record<string, string[]>> {
  const story = output.slice(output.indexOf(`\n${step}`));
  const lines = story.split('\n').filter((line) => /^ {3}\S+@example\.com /.test(line));
  return Object.fromEntries(
    lines.slice(0, 6).map((line) => {
      const [name = '', ...cells] = line.trim().split(/\s{2,}/);
      return [name.replace('@example.com', ''), cells];
    }),
  );
}

test('the demo tells its story, its tables are right, and nothing is left', async () => {
  const { ended, output } = run('--once');
  const code = await ended;
  expect({ code, said: code === 0 ? '' : output() }).toEqual({ code: 0, said: '' });

  const kind = /^Ambit demo on (real|SIMULATED) API servers/.exec(output())?.[1];
  expect(output().trimEnd().split('\n').at(-2)).toMatch(new RegExp(`^Kubernetes was: ${kind} `));

  const before = {
    ada: ['r--', '---', '-', 'rwx', 'rwx', '---', '-'],
    ben: ['r-x', 'r-x', '-', 'rwx', 'rwx', '---', '-'],
    cleo: ['---', 'r--', '-', '---', '---', 'rwx', '-'],
    dan: ['---', 'r--', '-', '---', '---', 'rwx', '-'],
    eva: ['---', '---', 'n', '---', '---', '---', 'n'],
    finn: ['r--', 'r--', '-', 'r--', 'r--', 'r--', '-'],
  };
  expect(rows(output(), '4. Who can do what where')).toEqual(before);
  expect(rows(output(), '5. finn@example.com leaves')).toEqual({
    ...before,
    finn: ['--- *', '--- *', '-', '--- *', '--- *', '--- *', '-'],
  });
  if (kind === 'real') {
    const refused = String.raw`kubectl is refused \d+ ms after the command \(Forbidden\)`;
    for (const line of [
      'prod-eu: kubectl get pods works as ambit:ben@example.com, by a token that its agent checks',
      'staging-eu: kubectl get pods works as ambit:ben@example.com, by a token that the API server checks',
      'signed in at corp and approved in a browser',
    ])
      expect(output()).toContain(line);
    for (const name of ['prod-eu', 'staging-eu'])
      expect(output()).toMatch(new RegExp(`${name}: ${refused}`));
    expect(output()).toMatch(/prod-eu: its token is good for nothing \d+ ms after the command/);
    for (const type of [
      'identity.linked',
      'session.started',
      'credential.issued',
      'user.deactivated',
    ])
      expect(output()).toContain(` ${type} `);
    // Only an administrator would have a password of Ambit.
    expect(output()).not.toContain('login.set_up');
  }
  expect(output()).toMatch(
    /dan@example\.com in prod-eu\/shop: rwx, until .*\n.*central is stopped/,
  );
  expect(output()).toMatch(/dan@example\.com in prod-eu\/shop: r--, ended by the agent \d+ ms/);
  expect(output()).toMatch(/put it back \d+ ms later/);
  for (const type of ['agent.enrolled', 'grant.deleted', 'grant.enforced_end', 'drift.corrected']) {
    expect(output()).toContain(` ${type} `);
  }
  await leftNothing();
});

test('Ctrl-C in the middle leaves nothing', async () => {
  const { child, ended, output } = run('--simulated');
  await eventually(() => expect(output()).toContain('2. Two agents join'), {
    withinMs: 60_000,
    what: 'the second step',
  });
  const provider = expect.stringContaining('dev-provider');
  expect(await processesOf(temp)).toEqual(expect.arrayContaining([provider]));
  // As a terminal does: to the demo and to what it started in its group.
  process.kill(-(child.pid ?? 0), 'SIGINT');
  expect(await ended).toBe(130);
  await leftNothing();
});

test('a demo that is killed leaves nothing either', async () => {
  const { child, ended, output } = run('--simulated');
  await eventually(() => expect(output()).toContain('identity provider: ready'), {
    withinMs: 60_000,
    what: 'central and the provider',
  });
  child.kill('SIGKILL');
  await ended;
  await eventually(leftNothing, { everyMs: 200, what: 'the end of everything' });
});

test('a port that is taken and a folder in use are refused before anything starts', async () => {
  const holder = createServer();
  await new Promise<void>((done) => holder.listen(0, '127.0.0.1', done));
  const { port } = holder.address() as AddressInfo;
  const taken = run('--simulated', '--port', String(port));
  expect(await taken.ended).toBe(1);
  expect(taken.output()).toContain(`error: Port ${port} is taken by another program.`);
  await new Promise((done) => holder.close(done));
  const inUse = run('--simulated', '--data-dir', process.cwd());
  expect(await inUse.ended).toBe(1);
  expect(inUse.output()).toContain('holds files already');
  await leftNothing();
});
