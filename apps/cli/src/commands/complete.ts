import type { Command as Commander } from 'commander';
import type { CommandContext } from '../command-context.ts';
import { completionNames } from '../completion-names.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { kindWords } from '../kinds.ts';

/** Which names stand at a position of a command: by its path, one entry per argument. */
const argumentKinds: Readonly<Record<string, readonly string[]>> = {
  get: ['kind', 'named'],
  describe: ['kind', 'named'],
  delete: ['kind', 'named'],
  grant: ['users', 'roles', 'clusters'],
  revoke: ['users', 'roles', 'clusters'],
  'user lock': ['users'],
  'user unlock': ['users'],
  'group add-member': ['groups', 'users'],
  'group rm-member': ['groups', 'users'],
  'team add-member': ['teams', 'users'],
  'team rm-member': ['teams', 'users'],
  use: ['clusters'],
  run: ['clusters'],
  shell: ['clusters'],
  doctor: ['clusters'],
  'cluster status': ['clusters'],
  'cluster join-token': ['clusters'],
  'cluster rm': ['clusters'],
  'cluster release-removals': ['clusters'],
  'cluster release-gains': ['clusters'],
  'cluster revoke-agent': ['clusters'],
  'cluster agents': ['clusters'],
};

const optionKinds: Readonly<Record<string, string>> = {
  '--in': 'clusters',
  '--cluster': 'clusters',
  '--as': 'users',
  '--user': 'users',
};

/** `ambit __complete -- WORDS`: what could stand in place of the last word, one per line. Never fails, never speaks. */
export async function complete(
  context: CommandContext,
  words: readonly string[],
  program: Commander,
): Promise<ExitCode> {
  const last = words.at(-1) ?? '';
  const candidates = await candidatesFor(context, words.slice(0, -1), last, program).catch(
    () => [],
  );
  for (const candidate of candidates) {
    if (candidate.startsWith(last)) context.terminal.out.line(`${candidate}`);
  }
  return exitCodes.done;
}

async function candidatesFor(
  context: CommandContext,
  before: readonly string[],
  last: string,
  program: Commander,
): Promise<readonly string[]> {
  const { command, path, args } = walk(program, before);
  const option = optionKinds[before.at(-1) ?? ''];
  if (option !== undefined) return completionNames(context, option);
  if (last.startsWith('-')) {
    return [...command.options, ...program.options].map(({ long }) => long ?? '');
  }
  const subcommands = command.commands
    .map((one) => one.name())
    .filter((name) => !name.startsWith('__'));
  if (subcommands.length > 0) return subcommands;
  return path === 'completion' ? ['bash', 'zsh', 'fish'] : argumentsOf(context, path, args);
}

async function argumentsOf(
  context: CommandContext,
  path: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const expected = argumentKinds[path] ?? [];
  const kind = expected[Math.min(args.length, expected.length - 1)];
  if (kind === undefined) return [];
  if (kind === 'kind') return kindWords;
  return completionNames(context, kind === 'named' ? (args[0] ?? '') : kind);
}

interface Walked {
  readonly command: Commander;
  readonly path: string;
  readonly args: readonly string[];
}

function walk(program: Commander, words: readonly string[]): Walked {
  let command = program;
  const path: string[] = [];
  const args: string[] = [];
  for (const word of words) {
    if (word.startsWith('-')) continue;
    const next = command.commands.find((one) => one.name() === word);
    if (next !== undefined && args.length === 0) {
      command = next;
      path.push(word);
    } else args.push(word);
  }
  return { command, path: path.join(' '), args };
}
