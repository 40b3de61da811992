import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { runCaptured, type Captured } from './captured-run.test-support.ts';
import { HostileCentral, innocentName, poison } from './hostile-central.test-support.ts';
import { buildProgram } from './program.ts';

const central = new HostileCentral();
let folder: string;
beforeAll(async () => {
  await central.start();
  folder = await mkdtemp(join(tmpdir(), 'ambit-hostile-'));
  await writeFile(
    join(folder, 'u.yaml'),
    'apiVersion: ambit.dev/v1\nkind: User\nmetadata: {name: a}\n',
  );
  await writeFile(join(folder, 'token'), 'amb_canary0_0123456789abcdef_zz\n', { mode: 0o600 });
  await writeFile(
    join(folder, 'bad.yaml'),
    JSON.stringify({ apiVersion: poison, kind: poison, [poison]: { [poison]: 1 } }),
  );
});
afterAll(async () => {
  await central.stop();
  await rm(folder, { recursive: true });
});

function ambit(line: string | readonly string[], colour = false): Promise<Captured> {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const args = words.map((word) => word.replace('FOLDER', folder).replace('URL', central.url));
  const env = {
    AMBIT_CONFIG_DIR: join(folder, 'config'),
    AMBIT_CACHE_DIR: join(folder, 'cache'),
    AMBIT_STATE_DIR: join(folder, 'state'),
    AMBIT_ID_TOKEN: 'a.b.c',
    KUBECONFIG: join(folder, 'kube'),
    SHELL: '/bin/true',
    AMBIT_SERVER: central.url,
    AMBIT_TOKEN: 'amb_canary0_0123456789abcdef_zz',
  };
  const answers = colour ? ['y', 'a', 'a'] : undefined;
  // Some wait for a cluster that never gets there.
  const signal = AbortSignal.timeout(1_500);
  return runCaptured(args, { env, colour, signal, ...(answers === undefined ? {} : { answers }) });
}

const kinds = ['users', 'groups', 'roles', 'grants', 'clusters', 'identityproviders', 'teams'];
const formats = ['table', 'wide', 'json', 'yaml', 'name'];
const lines = [
  ...kinds.flatMap((kind) => formats.map((format) => `get ${kind} -o ${format}`)),
  ...kinds.flatMap((kind) => [
    `get ${kind} a -o json`,
    `describe ${kind} a`,
    `delete ${kind} a --yes`,
  ]),
  ...['table', 'wide', 'json', 'yaml'].flatMap((format) => [
    `activity -o ${format}`,
    `who-can get pods --in a/b -o ${format}`,
    `can-i get pods --in a/b --as a -o ${format}`,
    `access a -o ${format}`,
    `access team/a -o ${format} --standing`,
    `why a a/b -o ${format}`,
    `who-can get pods --in a/b --at 418 -o ${format}`,
    `cluster status a -o ${format}`,
    `cluster agents a -o ${format}`,
    `get unmanaged a -o ${format}`,
    `token ls -o ${format}`,
    `whoami -o ${format}`,
    `version -o ${format}`,
    `clusters -o ${format}`,
    `sessions -o ${format}`,
    `user identities a -o ${format}`,
    `service token ls a -o ${format}`,
    `idp ls -o ${format}`,
    `directory status -o ${format}`,
    `directory status a -o ${format}`,
  ]),
  'cluster import-rbac a',
  'cluster import-rbac a -o FOLDER/imported',
  'grant a view a/b --for 1h --reason r --wait none',
  'grant a view a/b --for 1h --reason r --wait 1s',
  'grant a view a/b --for 1h --reason r --dry-run server',
  'revoke a',
  'revoke a view a/b',
  'cluster add a',
  'cluster status',
  'doctor',
  'doctor a',
  'cluster auth-config a',
  'cluster join-token a',
  'cluster rm a --confirm a',
  'cluster release-removals a',
  'cluster release-gains a',
  'cluster revoke-agent a',
  'token create a --role viewer',
  'token revoke a',
  'service token create a t',
  'service token revoke a t',
  'idp test a',
  'directory resume a',
  'user lock a',
  'user unlock a',
  'user unlink a b',
  'group add-member a b --wait none',
  'group rm-member a b --wait none',
  'team add-member a b --wait none',
  'team rm-member a b --wait none',
  'team release-namespace a b --cluster c --wait none',
  'activity -f',
  'login URL --token-file FOLDER/token',
  'login URL --ci --service a',
  'sessions end a',
  'kubeconfig',
  'kubeconfig --print',
  'kubeconfig --remove',
  `use ${innocentName}`,
  'use a',
  `run ${innocentName} -- true`,
  `shell ${innocentName}`,
  `credential --cluster ${innocentName}`,
  'config list',
  'config use a',
  'logout',
  'completion bash',
  'apply -f FOLDER/u.yaml',
  'apply -f FOLDER/u.yaml --dry-run server',
  '__complete get users x',
];

/** Every command that does something, by its words. */
function commandsOf(command: Command, words: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [words.join(' ')];
  return command.commands.flatMap((one) => commandsOf(one, [...words, one.name()]));
}

test('every command of the command line is among those that are tried here', () => {
  const output = { write: () => undefined, isTerminal: false, columns: 80, colour: false };
  const terminal = {
    out: output,
    err: output,
    inputIsTerminal: false,
    readInput: async () => '',
    ask: async () => '',
  };
  const { signal } = new AbortController();
  const program = buildProgram({ env: {}, terminal, signal, now: Date.now }, { code: 0 });
  const commands = commandsOf(program);
  expect(commands.length).toBeGreaterThan(25);
  const tried = (command: string): boolean =>
    lines.some((line) => `${line} `.startsWith(`${command} `));
  expect(commands.filter((command) => !tried(command))).toEqual([]);
});

/** What is left of a run's output when our own colours and the line that moves are taken out. */
function alien({ out, err }: Captured): string[] {
  const ours = (out + err).replaceAll(/\u001b\[(?:31|32|33|2|1|39|22)m|\r\u001b\[K/g, '');
  return ours.match(/[^\P{C}\n]|[\u2028\u2029]/gu) ?? [];
}

describe.each([
  ['answers in hostile texts', false],
  ['refuses in hostile texts', true],
])('a central that %s', (_, refuses) => {
  test.each([
    ['plain', false],
    ['with colours and a person', true],
  ])('moves nothing on the terminal, with every command and form: %s', async (__, colour) => {
    central.refuses = refuses;
    const found: string[] = [];
    let escaped = 0;
    for (const line of lines) {
      const run = await ambit(line, colour);
      if (/^error: forged/m.test(run.out + run.err)) found.push(`${line}: a forged line`);
      if (/unknown (option|command)|too many arguments/.test(run.err))
        found.push(`${line}: is no command: ${run.err}`);
      const characters = alien(run);
      if (characters.length > 0) found.push(`${line}: ${JSON.stringify(characters.join(''))}`);
      if ((run.out + run.err).includes('\\u001b')) escaped++;
    }
    expect(found).toEqual([]);
    expect(escaped).toBeGreaterThan(lines.length / 2);
  });
});

test('what is printed as JSON or YAML reads back as it was', async () => {
  central.refuses = false;
  const [json, yaml] = [await ambit('get users -o json'), await ambit('get users -o yaml')];
  const { items } = JSON.parse(json.out) as { items: { metadata: { labels: object } }[] };
  expect(items[0]?.metadata.labels).toEqual({ [poison]: poison });
  expect(parse(yaml.out)).toEqual(items[0]);
});

test('names of files, kinds, fields, contexts and arguments in errors are escaped', async () => {
  const runs = [
    ['apply', '-f', join(folder, 'bad.yaml')],
    ['apply', '-f', `/nowhere/${poison}`],
    ['get', poison],
    ['get', 'users', poison],
    ['get', 'users', '-o', poison],
    [poison],
    [`--${poison}`],
    ['whoami', '--profile', poison],
    ['whoami', '--server', `https://${poison}`],
    ['whoami', '--ca-file', poison],
    ['login', `http://${poison}`],
    ['grant', poison, 'view', poison],
  ];
  for (const args of runs) {
    const run = await ambit(args);
    expect([args, alien(run)]).toEqual([args, []]);
    expect(run.err).not.toMatch(/^error: forged/m);
  }
});
