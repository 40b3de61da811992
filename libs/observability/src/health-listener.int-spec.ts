import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Logger } from '@ambit/kernel';
import { silentLogger } from './create-logger.ts';
import { startHealthListener, type HealthListener } from './health-listener.ts';
import { createRegistry } from './metrics.ts';
import { Readiness } from './readiness.ts';

const host = '127.0.0.1';
const registry = createRegistry({ version: '1.0.0' });
const logger: Logger = silentLogger;
let readiness: Readiness;
let listener: HealthListener;

beforeEach(async () => {
  readiness = new Readiness(['database', 'agents']);
  listener = await startHealthListener({ host, port: 0, readiness, registry, logger });
});
afterEach(() => listener.close());

async function get(path: string, method = 'GET'): Promise<[number, string]> {
  const answer = await fetch(`http://${host}:${listener.port}${path}`, { method });
  return [answer.status, await answer.text()];
}

describe('health listener', () => {
  test('is alive before it is ready', async () => {
    expect(await get('/livez')).toEqual([200, 'ok\n']);
    expect(await get('/healthz')).toEqual([200, 'ok\n']);
  });

  test('readiness says what is missing', async () => {
    readiness.ready('database');
    expect(await get('/readyz')).toEqual([503, '[-] agents: not started\nnot ready\n']);
    readiness.ready('agents', 'listening on 0.0.0.0:7443');
    expect(await get('/readyz')).toEqual([200, 'ready\n']);
    expect(await get('/readyz?verbose')).toEqual([
      200,
      '[+] database: ok\n[+] agents: listening on 0.0.0.0:7443\nready\n',
    ]);
    readiness.missing('database', 'PostgreSQL answers nothing since 3 s');
    expect((await get('/readyz'))[0]).toBe(503);
  });

  test('metrics are served in the text format', async () => {
    expect((await get('/metrics'))[1]).toContain('ambit_build_info{version="1.0.0"} 1');
  });

  test('answers to addresses and expected names only, so that no page is led here by DNS of its own', async () => {
    const named = await startHealthListener({
      host,
      port: 0,
      names: ['central.monitoring.svc'],
      readiness,
      registry,
      logger,
    });
    const asked = (path: string, given: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const call = request(
          { host, port: named.port, path, headers: { host: given } },
          (reply) => {
            reply.resume();
            resolve(reply.statusCode ?? 0);
          },
        );
        call.on('error', reject);
        call.end();
      });
    try {
      for (const good of [
        `127.0.0.1:${named.port}`,
        'localhost',
        'LOCALHOST:7081',
        '[::1]:7081',
        '10.1.2.3:7081',
        'Central.Monitoring.svc:7081',
      ])
        expect([good, await asked('/metrics', good)]).toEqual([good, 200]);
      for (const path of ['/metrics', '/livez', '/readyz?verbose', '/'])
        for (const bad of [
          'evil.example',
          'evil.example:7081',
          '127.0.0.1.evil.example',
          'localhost.evil.example',
          'localhost@evil.example',
          'a/b',
        ])
          expect([path, bad, await asked(path, bad)]).toEqual([path, bad, 421]);
    } finally {
      await named.close();
    }
  });

  test('anything else is refused', async () => {
    expect((await get('/'))[0]).toBe(404);
    expect((await get('/livez', 'POST'))[0]).toBe(405);
  });

  test('a taken port is named', async () => {
    const again = startHealthListener({ host, port: listener.port, readiness, registry, logger });
    await expect(again).rejects.toMatchObject({
      code: 'address_in_use',
      extras: { hint: expect.stringContaining('--health-listen') },
      message: expect.stringContaining(String(listener.port)),
    });
  });

  test('loads nothing of fetch, which would cost an agent megabytes', async () => {
    const room = fileURLToPath(new URL('.', import.meta.url));
    const program = `
      import { startHealthListener } from './health-listener.ts';
      import { Readiness } from './readiness.ts';
      const readiness = new Readiness([]);
      const listener = await startHealthListener({ host: '127.0.0.1', port: 0, readiness });
      await listener.close();
      console.log(process.moduleLoadList.filter((name) => name.includes('undici')).join());`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@ambit/source', '--no-warnings', '--input-type=module', '-e', program],
      { cwd: room },
    );
    expect(stdout.trim()).toBe('');
  });
});
