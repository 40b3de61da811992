import { describe, expect, test } from '@jest/globals';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { AppError } from '@ambit/kernel';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';
import type { AgentScene } from '../../test/agent-scene.ts';
import { TestCentral } from '../../test/test-central.ts';

const identityOf = async (scene: AgentScene): Promise<string> => {
  const agents = join(scene.folder, 'data', 'agents');
  const [uid = ''] = await readdir(agents);
  return join(agents, uid, 'identity');
};

const refusalOf = async (start: Promise<unknown>): Promise<AppError> => {
  const error: unknown = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof AppError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
};

describe('joining', () => {
  test(
    'case b37: the identity is one file of its owner, and the token is nowhere in it or in the log',
    inScene(async (scene) => {
      const token = scene.central.registrar.joinToken();
      await scene.start({ AMBIT_JOIN_TOKEN: token });
      const folder = await identityOf(scene);
      expect(await readdir(folder)).toEqual(['identity.json']);
      expect((await stat(folder)).mode & 0o077).toBe(0);
      expect((await stat(join(folder, 'identity.json'))).mode & 0o077).toBe(0);
      const secret = token.split('.')[1] ?? '';
      expect(await readFile(join(folder, 'identity.json'), 'utf8')).not.toContain(secret);
      expect(JSON.stringify(scene.logger.lines)).not.toContain(secret);
    }),
  );

  test(
    'case b39: a token is never sent to a central that it was not made for',
    inScene(async (scene) => {
      const other = await TestCentral.start();
      try {
        const token = scene.central.registrar.joinToken();
        const error = await refusalOf(
          scene.start({ AMBIT_JOIN_TOKEN: token, AMBIT_AGENT_SERVER: other.address }),
        );
        expect(error.code).toBe('server_unreachable');
        expect(error.extras.hint).toContain('nothing was sent');
        expect(other.registrar.enrolments).toEqual([]);
        await scene.start({ AMBIT_JOIN_TOKEN: token });
        await scene.connected();
      } finally {
        await other.stop();
      }
    }),
  );

  test(
    'case b39: whoever took over the address of central gets no Hello from an enrolled agent',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const agent = await scene.join();
      await scene.holds('ambit:ada');
      await scene.stop(agent);
      const impostor = await TestCentral.start();
      try {
        await scene.start({ AMBIT_AGENT_SERVER: impostor.address });
        await eventually(() => expect(scene.logged('there is no stream to central')).toBe(true));
        expect(impostor.told.hellos).toEqual([]);
        expect(await scene.subjects()).toEqual(['ambit:ada']);
      } finally {
        await impostor.stop();
      }
    }),
  );

  test(
    'a token is good once: the second agent is told what to do',
    inScene(async (scene) => {
      const token = scene.central.registrar.joinToken();
      const first = await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.stop(first);
      await rm(first.dataFolder, { recursive: true });
      const error = await refusalOf(scene.start({ AMBIT_JOIN_TOKEN: token }));
      expect(error.code).toBe('join_token_invalid');
      expect(error.extras.nextCommand).toBe('ambit cluster join-token NAME');
    }),
  );

  test(
    'a lost reply says that the token may be spent',
    inScene(async (scene) => {
      scene.central.registrar.beforeReply = () => {
        throw new AppError('not_ready', 'the reply got lost');
      };
      const token = scene.central.registrar.joinToken();
      const error = await refusalOf(scene.start({ AMBIT_JOIN_TOKEN: token }));
      expect(error.message).toBe('Central did not answer the join token.');
      expect(error.extras.hint).toContain('may be spent');
      scene.central.registrar.beforeReply = () => undefined;
      expect((await refusalOf(scene.start({ AMBIT_JOIN_TOKEN: token }))).code).toBe(
        'join_token_invalid',
      );
    }),
  );

  test.each([
    ['no token', {}, 'config_invalid', 'ambit cluster add NAME'],
    [
      'half a token',
      { AMBIT_JOIN_TOKEN: 'ambj_abc.def' },
      'join_token_invalid',
      'ambit cluster join-token NAME',
    ],
  ])('%s: it says so and names the next step', async (_, env, code, next) => {
    await inScene(async (scene) => {
      const error = await refusalOf(scene.start(env));
      expect(error.code).toBe(code);
      expect(error.extras.nextCommand).toBe(next);
    })();
  });

  test(
    'an identity that could not be kept costs no token',
    inScene(async (scene) => {
      const token = scene.central.registrar.joinToken();
      const { metadata } = await scene.admin.get(
        { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false },
        { name: 'kube-system' },
      );
      const folder = join(scene.folder, 'data', 'agents', metadata.uid ?? '');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'identity'), 'a file where the folder should be');
      await refusalOf(scene.start({ AMBIT_JOIN_TOKEN: token }));
      expect(scene.central.registrar.enrolments).toEqual([]);
      await rm(join(folder, 'identity'));
      await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.connected();
    }),
  );

  test(
    'case 41: a second agent of the same cluster does not start, nor does one with a copied folder',
    inScene(async (scene) => {
      const agent = await scene.join();
      expect((await refusalOf(scene.start())).code).toBe('data_folder_locked');
      await scene.stop(agent);
      const path = join(agent.dataFolder, 'identity', 'identity.json');
      const identity = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      await writeFile(path, JSON.stringify({ ...identity, kubeSystemUid: 'another-cluster' }));
      expect((await refusalOf(scene.start())).code).toBe('wrong_cluster');
    }),
  );

  test(
    'the token that it joined with is given at every start, and asks nothing of central any more',
    inScene(async (scene) => {
      const { registrar } = scene.central;
      const token = registrar.joinToken();
      await scene.stop(await scene.start({ AMBIT_JOIN_TOKEN: token }));
      const path = join(await identityOf(scene), 'identity.json');
      const before = await readFile(path, 'utf8');
      await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.connected();
      expect(await readFile(path, 'utf8')).toBe(before);
      expect(registrar.enrolments).toHaveLength(1);
    }),
  );

  test(
    'an enrolled agent leaves a token unspent; one that was revoked takes it',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const first = await scene.join();
      await scene.holds('ambit:ada');
      await scene.stop(first);
      const token = central.registrar.joinToken();
      const second = await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.connected();
      expect(central.registrar.enrolments).toHaveLength(1);
      central.revokeAgent();
      await eventually(() => expect(scene.logged('central refuses this agent')).toBe(true));
      expect(await scene.subjects()).toEqual(['ambit:ada']);
      await scene.stop(second);
      await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.connected();
      expect(central.registrar.enrolments).toHaveLength(2);
    }),
  );

  test(
    'a spent token does not keep a revoked agent from enforcing what it accepted',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const token = central.registrar.joinToken();
      const first = await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.holds('ambit:ada');
      central.revokeAgent();
      const identity = await identityOf(scene);
      await eventually(async () => expect(await readdir(identity)).toContain('refused'));
      await scene.stop(first);
      await scene.takeAway();
      await scene.start({ AMBIT_JOIN_TOKEN: token });
      await scene.holds('ambit:ada');
      expect(scene.logged('the join token was of no use')).toBe(true);
    }),
  );
});

describe('the certificate', () => {
  test(
    'case 38: is renewed again and again with the stream going on',
    inScene(async (scene) => {
      const { central } = scene;
      // Each is renewed at once until one is fresh, and none can end while a loaded machine takes its time.
      central.registrar.halfLived = 3;
      await scene.join();
      await eventually(() => expect(central.registrar.renewals).toBe(3));
      await scene.connected();
      central.commit([binding('a', ['ada'])]);
      await scene.holds('ambit:ada');
      const instances = new Set(central.told.hellos.map(({ instanceId }) => instanceId));
      expect(instances.size).toBe(1);
      expect(scene.logged('the certificate could not be renewed')).toBe(false);
    }),
  );

  test(
    'case 38: that ended while central was away is renewed by a signature of its key',
    inScene(async (scene) => {
      const { central } = scene;
      central.registrar.lifeMs = 1_500;
      await scene.join();
      const until = Date.now() + 1_500;
      await central.stop();
      await eventually(() => expect(Date.now()).toBeGreaterThan(until + 200));
      await eventually(() =>
        expect(scene.logged('the certificate could not be renewed')).toBe(true),
      );
      central.registrar.lifeMs = undefined;
      await central.listen();
      await eventually(() => expect(central.registrar.renewals).toBeGreaterThan(0));
      await scene.connected();
    }),
    60_000,
  );

  test(
    'is renewed with a new key when central asks',
    inScene(async (scene) => {
      const { central } = scene;
      const agent = await scene.join();
      const path = join(agent.dataFolder, 'identity', 'identity.json');
      const before = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
      central.command('ORDER_ROTATE_CERTIFICATE');
      await eventually(async () => {
        const after = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
        expect(after['privateKey']).not.toBe(before['privateKey']);
      });
      await eventually(() => expect(central.told.hellos).toHaveLength(2));
      await scene.connected();
    }),
  );

  test(
    'case b38: a renewal that cannot be stored, or is cut short, leaves the identity that works',
    inScene(async (scene) => {
      const { central } = scene;
      const agent = await scene.join();
      const folder = join(agent.dataFolder, 'identity');
      const before = await readFile(join(folder, 'identity.json'), 'utf8');
      // A folder where the new file would be written.
      await mkdir(join(folder, '.identity.json.new'));
      central.command('ORDER_ROTATE_CERTIFICATE');
      await eventually(() =>
        expect(scene.logged('the certificate could not be renewed')).toBe(true),
      );
      expect(central.registrar.renewals).toBe(1);
      expect(await readFile(join(folder, 'identity.json'), 'utf8')).toBe(before);
      await scene.stop(agent);
      await rm(join(folder, '.identity.json.new'), { recursive: true });
      await cp(join(folder, 'identity.json'), join(folder, '.identity.json.new'));
      await writeFile(join(folder, '.identity.json.new'), before.slice(0, 300));
      await scene.start();
      await scene.connected();
      central.command('ORDER_ROTATE_CERTIFICATE');
      await eventually(() => expect(central.registrar.renewals).toBe(2));
      await scene.connected();
    }),
  );

  test(
    'case b40: a port that answers something else is no central',
    inScene(async (scene) => {
      const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const error = await refusalOf(
        scene.start({
          AMBIT_JOIN_TOKEN: scene.central.registrar.joinToken(),
          AMBIT_AGENT_SERVER: `127.0.0.1:${port}`,
        }),
      );
      server.close();
      expect(error.code).toBe('server_unreachable');
    }),
  );
});
