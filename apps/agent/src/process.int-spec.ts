import { afterEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, startHttpProxy } from '@ambit/testing';
import { parse } from 'yaml';
import { binding, inScene } from '../test/agent-scene.ts';
import type { AgentScene } from '../test/agent-scene.ts';

const program = fileURLToPath(new URL('../bin/ambit-agent.js', import.meta.url));
const built = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const started: ChildProcess[] = [];

interface Run {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  readonly ended: Promise<number | null>;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, [program, ...args], { env: { HOME: '/nowhere', ...env } });
  started.push(child);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const result: Run = { child, stdout: '', stderr: '', ended };
  child.stdout.on('data', (bytes: Buffer) => (result.stdout += bytes.toString()));
  child.stderr.on('data', (bytes: Buffer) => (result.stderr += bytes.toString()));
  return result;
}

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

const flags = (scene: AgentScene): string[] => [
  `--data-dir=${join(scene.folder, 'data')}`,
  `--kubeconfig=${join(scene.folder, 'agent.kubeconfig')}`,
  `--ceiling=${scene.ceilingFile}`,
  `--server=${scene.central.address}`,
  '--health-listen=off',
];

test('the program is built', () => {
  expect(existsSync(built)).toBe(true);
});

describe('ambit-agent as a process', () => {
  test(
    'runs until SIGTERM, says goodbye, ships its last events and exits with 0',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      const agent = run([...flags(scene), `--join-token=${central.registrar.joinToken()}`]);
      await eventually(() => expect(agent.stdout).toContain('runs for cluster prod-eu'), {
        withinMs: 90_000,
      });
      await scene.holds('ambit:ada');
      // Earlier it might stop before what it did is recorded, and say its events in another order.
      await eventually(() => expect(central.audit.types).toContain('binding.created'));
      agent.child.kill('SIGTERM');
      expect(await agent.ended).toBe(0);
      expect(central.told.goodbyes).toEqual(['the agent stops']);
      await eventually(() => expect(central.audit.types.at(-1)).toBe('agent.stopped'));
    }),
  );

  test(
    'killed at any moment it starts again and loses nothing it acknowledged',
    inScene(async (scene) => {
      const { central } = scene;
      central.commit([binding('a', ['ada'])]);
      let agent = run([...flags(scene), `--join-token=${central.registrar.joinToken()}`]);
      await scene.connected();
      for (let round = 1; round <= 2; round++) {
        central.commit([binding(`r${round}`, [`user-${round}`], { shard: '1' })]);
        await eventually(() => expect(central.told.accepted.at(-1)).toBe(round + 2));
        agent.child.kill('SIGKILL');
        await agent.ended;
        await eventually(() => expect(central.connected).toBe(false));
        agent = run(flags(scene));
        await eventually(
          () => {
            if (!central.connected) throw new Error(agent.stderr);
          },
          { withinMs: 40_000 },
        );
        expect(central.told.hellos.at(-1)?.held?.revision).toBe(round + 2);
        expect(agent.stderr + agent.stdout).not.toContain('the data folder is locked');
      }
      await scene.holds('ambit:ada', 'ambit:user-1', 'ambit:user-2');
      agent.child.kill('SIGTERM');
      expect(await agent.ended).toBe(0);
    }),
    120_000,
  );

  test(
    'takes its token from standard input, and warns of one on the command line',
    inScene(async (scene) => {
      const { registrar } = scene.central;
      const agent = run([...flags(scene), '--join-token-file', '-']);
      agent.child.stdin?.end(`${registrar.joinToken()}\n`);
      await eventually(() => expect(agent.stdout).toContain('runs for cluster prod-eu'), {
        withinMs: 90_000,
      });
      expect(agent.stderr + agent.stdout).not.toContain('command line');
      agent.child.kill('SIGTERM');
      expect(await agent.ended).toBe(0);
      const warned = run([...flags(scene), `--join-token=${registrar.joinToken()}`]);
      await eventually(() =>
        expect(warned.stderr + warned.stdout).toContain('the join token is on the command line'),
      );
    }),
  );

  test(
    'refuses a data folder that others may write, and links in it, with the command that mends it',
    inScene(async (scene) => {
      const data = join(scene.folder, 'data');
      const agents = join(data, 'agents');
      await mkdir(agents, { recursive: true, mode: 0o700 });
      const refused = async (command: string): Promise<void> => {
        const agent = run([...flags(scene), `--join-token=${scene.central.registrar.joinToken()}`]);
        expect({ code: await agent.ended, said: agent.stderr }).toEqual({
          code: 78,
          said: expect.stringContaining(command),
        });
      };
      await chmod(data, 0o770);
      await refused(`chmod go-w ${data}`);
      await chmod(data, 0o700);
      await rename(agents, join(scene.folder, 'elsewhere'));
      await symlink(join(scene.folder, 'elsewhere'), agents);
      await refused(`rm ${agents} && cp -a`);
      expect(scene.central.registrar.enrolments).toEqual([]);
    }),
  );

  test('tells every wrong setting at once and exits with 78', async () => {
    const agent = run(['--server=nowhere', '--health-listen=7082', '--log-level=loud']);
    expect(await agent.ended).toBe(78);
    for (const name of ['server', 'healthListen', 'logLevel']) expect(agent.stderr).toContain(name);
  });

  test(
    'a ceiling that cannot be read keeps it from starting, with line and column',
    inScene(async (scene) => {
      await writeFile(
        scene.ceilingFile,
        'apiVersion: ambit.dev/v1\nkind: Ceiling\nspec:\n  allowedRoles: [view]\n',
      );
      const token = scene.central.registrar.joinToken();
      const agent = run([...flags(scene), `--join-token=${token}`]);
      expect(await agent.ended).toBe(78);
      expect(agent.stderr).toContain('allowedRoles');
      const missing = run(['print-rbac', '--ceiling', `${scene.ceilingFile}.none`]);
      expect(await missing.ended).toBe(78);
      expect(missing.stderr).toContain('there is no such file (ENOENT)');
      expect(scene.central.registrar.enrolments).toEqual([]);
    }),
  );

  test(
    'print-rbac prints YAML and nothing else',
    inScene(async (scene) => {
      const agent = run(['print-rbac', '--ceiling', scene.ceilingFile]);
      expect(await agent.ended).toBe(0);
      expect(parse(agent.stdout)).toMatchObject({ kind: 'ClusterRole' });
      expect(agent.stderr).toBe('');
    }),
  );
});

test(
  'print-webhook-config prints what an API server reads, also before the agent ever ran',
  inScene(async (scene) => {
    const data = `--data-dir=${join(scene.folder, 'fresh')}`;
    const agent = run(['print-webhook-config', data, '--webhook-address=agent.example:7083']);
    expect({ code: await agent.ended, said: agent.stderr }).toEqual({ code: 0, said: '' });
    expect(parse(agent.stdout)).toMatchObject({
      kind: 'Config',
      clusters: [{ cluster: { server: 'https://agent.example:7083/authenticate' } }],
    });
    const nowhere = run(['print-webhook-config', data]);
    expect(await nowhere.ended).toBe(78);
    expect(nowhere.stderr).toContain('--webhook-address');
  }),
);

describe('the help of a command of ambit-agent', () => {
  test.each([
    ['print-rbac', ['--account', '--ceiling', '--config']],
    ['print-policy', ['--account', '--ceiling', '--config', '--namespace']],
    [
      'print-webhook-config',
      [
        '--config',
        '--data-dir',
        '--webhook-address',
        '--webhook-ca',
        '--webhook-certificate',
        '--webhook-key',
        '--webhook-listen',
      ],
    ],
  ])('outside row B.8: %s names the settings it uses, and no others', async (name, uses) => {
    const help = run([name, '--help']);
    expect(await help.ended).toBe(0);
    const named = help.stdout.match(/^ +--[a-z-]+/gm)?.map((flag) => flag.trim());
    expect(named?.sort()).toEqual(uses);
  });
});

test(
  'an agent whose health listens on an IPv6 address prints the URL that reaches it',
  inScene(async (scene) => {
    const token = `--join-token=${scene.central.registrar.joinToken()}`;
    const given = flags(scene).filter((flag) => !flag.startsWith('--health-listen='));
    const agent = run([...given, token, '--health-listen=[::1]:0']);
    const health = await eventually(() => {
      const [, url] = /^ {2}health +(\S+)$/m.exec(agent.stdout) ?? [];
      if (url === undefined) throw new Error(agent.stdout + agent.stderr);
      return url;
    });
    expect(health).toMatch(/^http:\/\/\[::1\]:\d+\/readyz\?verbose$/);
    expect(await (await fetch(health)).text()).toContain('identity: cluster prod-eu');
  }),
);

describe('a proxy between the agent and central', () => {
  const elsewhere = 'central.acme.example:7443';
  const throughProxy = (scene: AgentScene): string[] => [
    ...flags(scene).filter((flag) => !flag.startsWith('--server=')),
    `--server=${elsewhere}`,
    `--join-token=${scene.central.registrar.joinToken()}`,
  ];

  test(
    'carries the enrolment and the session',
    inScene(async (scene) => {
      const port = Number(scene.central.address.split(':').at(-1));
      const proxy = await startHttpProxy({ leadsTo: port });
      const agent = run(throughProxy(scene), { https_proxy: proxy.url });
      await eventually(() => expect(agent.stdout).toContain('runs for cluster prod-eu'), {
        withinMs: 90_000,
      });
      await scene.connected();
      expect(new Set(proxy.requests.map(({ method, target }) => `${method} ${target}`))).toEqual(
        new Set([`CONNECT ${elsewhere}`]),
      );
      await proxy.close();
    }),
  );

  test(
    'is named with its answer when it refuses, without its credentials',
    inScene(async (scene) => {
      const proxy = await startHttpProxy({ refuses: 502 });
      const named = proxy.url.replace('http://', 'http://me:s3cret@');
      const agent = run(throughProxy(scene), { https_proxy: named });
      expect(await agent.ended).toBe(1);
      expect(agent.stderr).toContain(
        `the proxy ${proxy.url} (https_proxy) answered 502 to CONNECT ${elsewhere}`,
      );
      expect(agent.stderr + agent.stdout).not.toContain('s3cret');
      await proxy.close();
    }),
  );
});
