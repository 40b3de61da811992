import { execFile } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { commandLine, startCommand } from './command-run.test-support.ts';
import {
  anEffect,
  aProgress,
  aResult,
  aRevision,
  SmallCentral,
} from './small-central.test-support.ts';

let central: SmallCentral;
let env: Record<string, string>;

beforeEach(async () => {
  central = new SmallCentral();
  await central.start();
  env = { AMBIT_CONFIG_DIR: '/nonexistent', AMBIT_SERVER: central.url, AMBIT_TOKEN: central.token };
});
afterEach(() => central.stop());

const user = 'apiVersion: ambit.dev/v1\nkind: User\nmetadata: {name: alice}\n';
const event = (number: number) => ({
  id: `e${number}`,
  time: '2026-01-01T00:00:00.000Z',
  type: 'grant.created',
  actor: { kind: 'token', name: 'token/ci' },
  message: `number ${number}`,
});
const listOf = (...items: object[]) => ({
  apiVersion: 'ambit.dev/v1',
  kind: 'AuditEventList',
  metadata: { resumeAfter: 'c1' },
  items,
});

describe('the command as a process', () => {
  test('reads standard input, writes results to stdout, and leaves its code', async () => {
    central.answers = {
      apply: () => aResult({ objects: [{ kind: 'User', name: 'alice', action: 'created' }] }),
    };
    const run = await startCommand(['apply', '-f', '-'], { env, input: user }).finished;
    expect(run).toEqual({ code: 0, out: 'user/alice created\n', err: '' });
    const unknown = await startCommand(['get', 'user', 'x'], { env }).finished;
    expect(unknown.code).toBe(5);
  });

  test('outside case 24: reads what a shell puts in place of a file, and /dev/stdin', async () => {
    central.answers = {
      apply: () => aResult({ objects: [{ kind: 'User', name: 'alice', action: 'created' }] }),
    };
    const command = commandLine(['apply', '-f', '/dev/stdin', '-f']).map((word) => `'${word}'`);
    const bob = user.replace('alice', 'bob').replaceAll('\n', '\\n');
    const script = `${command.join(' ')} <(sleep 0.2; printf '${bob}')`;
    const child = execFile('bash', ['--norc', '-c', script], {
      env: { ...env, PATH: '/usr/bin:/bin' },
    });
    child.stdin?.end(user);
    let err = '';
    child.stderr?.on('data', (text: string) => (err += text));
    const code = await new Promise((done) => child.on('close', done));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(central.bodyOf('apply')).toMatchObject({
      objects: [{ metadata: { name: 'alice' } }, { metadata: { name: 'bob' } }],
    });
  });

  test('Ctrl-C while waiting ends with 130, leaves the change stored and says how to watch it', async () => {
    central.answers = {
      apply: () => aResult({ clusters: [anEffect('prod-eu')] }),
      getRevisionStatus: () => aRevision([aProgress('prod-eu', { done: false })]),
    };
    const running = startCommand(['apply', '-f', '-'], { env, input: user });
    await eventually(() => expect(central.operations()).toContain('getRevisionStatus'), {
      what: 'the wait for the cluster',
    });
    running.child.kill('SIGINT');
    const run = await running.finished;
    expect(run.code).toBe(130);
    expect(run.err).toContain('revision 419 is stored; `ambit cluster status` shows how far it is');
  });

  test('activity -f prints what was and what comes, goes on after the newest, and ends by Ctrl-C', async () => {
    central.answers = {
      listAuditEvents: (call, response) => {
        if (call.query['watch'] === undefined) return listOf(event(1), event(0));
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`event: audit\nid: c2\ndata: ${JSON.stringify(event(2))}\n\n`);
        return {};
      },
    };
    const running = startCommand(['activity', '-f', '-o', 'json'], { env });
    await eventually(() => expect(running.out()).toContain('number 2'), { withinMs: 90_000 });
    running.child.kill('SIGINT');
    const run = await running.finished;
    expect(run.code).toBe(130);
    const printed = run.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(printed).toEqual(['e0', 'e1', 'e2']);
    expect(central.calls[1]?.headers['last-event-id']).toBe('c1');
  });

  test('a reader that goes away is no failure', async () => {
    central.answers = {
      listAuditEvents: () => listOf(...Array.from({ length: 500 }, (_, n) => event(n))),
    };
    const running = startCommand(['activity', '--limit', '500', '-o', 'json'], { env });
    running.child.stdout?.destroy();
    expect(await running.finished).toMatchObject({ code: 0, err: '' });
  });
});
