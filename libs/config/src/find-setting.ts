import { AppError, type ErrorItem } from '@ambit/kernel';
import type { Flags } from './command-options.ts';
import type { Names } from './define-settings.ts';
import type { Environment } from './environment.ts';
import { requireOwnSecret } from './own-files.ts';
import type { Setting } from './setting.ts';
import type { SettingsFile } from './settings-file.ts';
import { systemReason } from './system-reason.ts';
import { readStandardInput, readText, type TextRead } from './text/read-text.ts';

/** Where the value of a setting came from; `name` is the flag, the variable or the place in the file. */
export interface Origin {
  readonly from: 'flag' | 'environment' | 'file' | 'default' | 'nowhere';
  readonly name: string;
}

/** The text given for a setting. */
export interface Given extends Origin {
  readonly raw: string;
}

/** All places to look at, and where problems are gathered. */
export interface Search {
  readonly flags: Flags;
  readonly env: Environment;
  readonly file: SettingsFile | undefined;
  readonly problems: ErrorItem[];
}

interface Candidate extends Given {
  /** True when `raw` is the path of a file that holds the value. */
  readonly path: boolean;
}

/** Each occurrence of a flag; `addSettings` keeps them all. */
export function occurrences(flag: unknown): string[] {
  if (flag === undefined) return [];
  return (Array.isArray(flag) ? flag : [flag]).map(String);
}

/** The text of a setting by precedence; what is wrong with how it was given goes to the problems. */
export async function findSetting(
  names: Names,
  one: Setting<unknown>,
  search: Search,
): Promise<Given | undefined> {
  const [first, second] = [...fromFlags(names, search), ...fromEnvironment(names, search)];
  if (first === undefined) return fromFile(names, search) ?? fallback(names, one, search);
  if (first.from === second?.from) {
    const both = first.name === second.name ? 'more than once' : `and so is ${second.name}`;
    search.problems.push({
      message: `${names.key}: ${first.name} is given ${both}; give one of them.`,
    });
    return undefined;
  }
  return first.path ? readValue(names, first, search.problems) : first;
}

function fromFlags(names: Names, { flags }: Search): Candidate[] {
  const given = (flag: string | undefined, path: boolean): Candidate[] =>
    flag === undefined
      ? []
      : occurrences(flags[camelCase(flag)]).map((raw) => ({
          from: 'flag',
          name: `--${flag}`,
          raw,
          path,
        }));
  return [...given(names.flag, false), ...given(names.flagFile, true)];
}

function fromEnvironment(names: Names, { env }: Search): Candidate[] {
  const given = (name: string | undefined, path: boolean): Candidate[] => {
    const raw = name === undefined ? undefined : env[name];
    // An empty variable is how compose files and shells write "not set".
    return name !== undefined && raw ? [{ from: 'environment', name, raw, path }] : [];
  };
  return [...given(names.env, false), ...given(names.envFile, true)];
}

function fromFile(names: Names, { file }: Search): Given | undefined {
  const value = file?.values.get(names.key);
  return value === undefined ? undefined : { from: 'file', name: value.place, raw: value.raw };
}

function fallback(
  names: Names,
  { options }: Setting<unknown>,
  { env, problems }: Search,
): Given | undefined {
  if (options.default === undefined) {
    if (options.required === true) problems.push({ message: missing(names) });
    return undefined;
  }
  try {
    const raw = typeof options.default === 'string' ? options.default : options.default.from(env);
    return raw === undefined ? undefined : { from: 'default', name: '', raw };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problems.push({ message: `${names.key}: ${error.message} ${error.extras.hint ?? ''}`.trim() });
    return undefined;
  }
}

function missing({ key, flag, flagFile, env, envFile }: Names): string {
  const flags = [flag, flagFile].flatMap((name) => (name === undefined ? [] : [`--${name}`]));
  const places = [...flags, ...[env, envFile].filter((name) => name !== undefined)];
  return `${key} is required: give ${places.join(' or ')}, or ${key} in the settings file.`;
}

async function readValue(
  names: Names,
  given: Candidate,
  problems: ErrorItem[],
): Promise<Given | undefined> {
  try {
    const content = await (given.raw === '-' ? readStandardInput() : ownFile(given.raw));
    const text = content.ok ? content.text : '';
    if (text.trim() !== '') return { ...given, raw: text.replace(/\r?\n$/, '') };
    const source = given.raw === '-' ? 'standard input' : `the file ${given.raw}`;
    const what = content.ok ? 'is empty' : `cannot be read: ${content.reason}`;
    problems.push({ message: `${names.key} (${given.name}): ${source} ${what}.` });
    return undefined;
  } catch (error) {
    if (error instanceof AppError) {
      const { nextCommand = '' } = error.extras;
      problems.push({
        message: `${names.key} (${given.name}): ${error.message} Mend it: ${nextCommand}`,
      });
      return undefined;
    }
    problems.push({
      message: `${names.key} (${given.name}): the file ${given.raw} cannot be read (${systemReason(error)}).`,
    });
    return undefined;
  }
}

async function ownFile(path: string): Promise<TextRead> {
  await requireOwnSecret(path);
  return readText(path);
}

function camelCase(kebab: string): string {
  return kebab.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
