import { AppError, type ErrorItem } from '@ambit/kernel';
import type { Flags } from './command-options.ts';
import type { Declared, Names, SettingsSchema, ValuesOf } from './define-settings.ts';
import type { Environment } from './environment.ts';
import { findSetting, occurrences, type Given, type Origin, type Search } from './find-setting.ts';
import type { Setting } from './setting.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';

/** Where settings are read from. `file` stands for `--config` when the caller knows the file already. */
export interface Sources {
  readonly flags?: Flags;
  readonly env: Environment;
  readonly file?: string;
}

/** Settings as loaded: frozen values, and per setting where its value came from. */
export interface Loaded<D extends Declared> {
  readonly settings: ValuesOf<D>;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** What a program that cannot use its configuration exits with (EX_CONFIG of sysexits). */
export const configExitCode = 78;
/** Exit code of a program that does not understand its command line, as of the shell's own commands. */
export const wrongUsageExitCode = 2;

/**
 * Reads every setting: flag, else environment, else file, else default. Throws one `config_invalid` that names every
 * problem, where each came from and what was expected; values of secrets are in none of them.
 */
export async function loadSettings<D extends Declared>(
  schema: SettingsSchema<D>,
  sources: Sources,
): Promise<Loaded<D>> {
  const file = await settingsFile(schema, sources);
  const problems: ErrorItem[] = [...(file?.problems ?? [])];
  const search: Search = { flags: sources.flags ?? {}, env: sources.env, file, problems };
  const values: Record<string, unknown> = {};
  const origins = new Map<string, Origin>();
  for (const names of schema.names) {
    const one = schema.declared[names.key];
    if (one === undefined) continue;
    const given = await findSetting(names, one, search);
    values[names.key] = given === undefined ? undefined : parse(names, one, given, problems);
    const { from, name } = given ?? { from: 'nowhere', name: '' };
    origins.set(names.key, { from, name });
  }
  const settings = freeze(values) as ValuesOf<D>;
  if (problems.length === 0) {
    problems.push(...schema.check(settings).map((message) => ({ message })));
  }
  if (problems.length > 0) throw refusal(schema, problems);
  return { settings, origins };
}

async function settingsFile(
  schema: SettingsSchema,
  sources: Sources,
): Promise<SettingsFile | undefined> {
  if (!schema.configFile) return undefined;
  const [flag] = occurrences(sources.flags?.['config']);
  const file = sources.file ?? flag ?? sources.env['AMBIT_CONFIG'];
  return file ? readSettingsFile(file, new Set(schema.names.map(({ key }) => key))) : undefined;
}

function parse(names: Names, one: Setting<unknown>, given: Given, problems: ErrorItem[]): unknown {
  const parsed = one.parse(given.raw);
  if ('value' in parsed) return parsed.value;
  const got = one.kind === 'secret' ? 'a value that is not shown' : JSON.stringify(given.raw);
  const where = given.name === '' ? given.from : given.name;
  problems.push({ message: `${names.key} (${where}): expected ${parsed.expected}, got ${got}.` });
  return undefined;
}

function refusal(schema: SettingsSchema, problems: readonly ErrorItem[]): AppError {
  const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`;
  return new AppError('config_invalid', `${schema.program} cannot start. ${count} wrong:`, {
    errors: problems,
    nextCommand: `${schema.program} --help`,
  });
}

function freeze(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}
