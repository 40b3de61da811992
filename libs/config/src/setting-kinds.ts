import { isAbsolute, resolve } from 'node:path';
import { durationForm, readDuration, type Millis } from '@ambit/kernel';
import { parseAddress, type Address } from './addresses.ts';
import type { Environment } from './environment.ts';
import { defaultCacheFolder, defaultDataFolder, folderDefaults } from './folders.ts';
import { Secret } from './secret.ts';
import { setting, unusable } from './setting.ts';
import type { ParsedSetting, Setting, SettingOptions, Valued } from './setting.ts';

/** Any text that is not empty. */
export function text<const O extends SettingOptions>(options: O): Setting<Valued<string, O>> {
  return setting(options, 'text', (raw) => (raw === '' ? unusable('a text') : { value: raw }));
}

/** A whole number within its bounds, both included. */
export function wholeNumber<
  const O extends SettingOptions & { readonly min: number; readonly max: number },
>(options: O): Setting<Valued<number, O>> {
  return setting(options, 'number', (raw) => {
    const value = /^-?\d{1,15}$/.test(raw) ? Number(raw) : Number.NaN;
    return value >= options.min && value <= options.max
      ? { value }
      : unusable(`a whole number from ${options.min} to ${options.max}`);
  });
}

/** A length of time such as `500ms`, `30s`, `1h30m` or `7d`; the value is in milliseconds. */
export function duration<
  const O extends SettingOptions & { readonly min?: Millis; readonly max?: Millis },
>(options: O): Setting<Valued<Millis, O>> {
  return setting(options, 'duration', (raw) => {
    const value = readDuration(raw);
    if (value === undefined) return unusable(`a duration ${durationForm}`);
    if (value < (options.min ?? 0)) return unusable(`a duration of at least ${options.min} ms`);
    if (value > (options.max ?? Infinity))
      return unusable(`a duration of at most ${options.max} ms`);
    return { value };
  });
}

/** Yes or no: `--flag`, `--flag=false`, `true` or `false`. It is false unless its default says otherwise. */
export function toggle(options: Omit<SettingOptions, 'required'>): Setting<boolean> {
  return {
    options: { default: 'false', ...options },
    placeholder: '',
    kind: 'toggle',
    parse(raw) {
      if (raw === 'true' || raw === '1') return { value: true };
      if (raw === 'false' || raw === '0') return { value: false };
      return unusable('true or false');
    },
  };
}

/** One word of a closed list. */
export function choice<const C extends string, const O extends SettingOptions>(
  choices: readonly C[],
  options: O,
): Setting<Valued<C, O>> {
  const parse = choiceParser(choices);
  return setting(options, choices.join('|'), parse);
}

/** Words of a closed list, separated by commas, each at most once. */
export function choices<const C extends string, const O extends SettingOptions>(
  known: readonly C[],
  options: O,
): Setting<Valued<readonly C[], O>> {
  return list(options, known.join(','), choiceParser(known));
}

/** Texts separated by commas, each at most once. */
export function texts<const O extends SettingOptions>(
  options: O,
): Setting<Valued<readonly string[], O>> {
  return list(options, 'text,…', (raw) => ({ value: raw }));
}

/** `host:port`. */
export function address<const O extends SettingOptions>(options: O): Setting<Valued<Address, O>> {
  return setting(options, 'host:port', (raw) => {
    const value = parseAddress(raw);
    return value === undefined
      ? unusable('host:port, such as 127.0.0.1:7080 or [::1]:7080')
      : { value };
  });
}

/** A path; a relative one is taken from the working folder, and the value is absolute. */
export function path<const O extends SettingOptions>(options: O): Setting<Valued<string, O>> {
  return setting(options, 'path', (raw) =>
    raw === '' ? unusable('a path') : { value: isAbsolute(raw) ? raw : resolve(raw) },
  );
}

/**
 * A text nobody may see. `NAME_FILE` and `--name-file` name a file that holds it. It has no flag of its own unless one
 * is named, because other accounts of the machine can read command lines.
 */
export function secret<const O extends Omit<SettingOptions, 'default'>>(
  options: O,
): Setting<O extends { readonly required: true } ? Secret : Secret | undefined> {
  return {
    options,
    placeholder: 'secret',
    kind: 'secret',
    parse: (raw) => (raw === '' ? unusable('a text') : { value: new Secret(raw) }),
  };
}

/** A URL that may hold a password, of one of `schemes` (without colon). */
export function secretUrl(
  options: Omit<SettingOptions, 'default' | 'required'> & { readonly schemes: readonly string[] },
): Setting<Secret | undefined> {
  const { schemes, ...rest } = options;
  return {
    ...secret(rest),
    parse: (raw) =>
      URL.canParse(raw) && schemes.includes(new URL(raw).protocol.slice(0, -1))
        ? { value: new Secret(raw) }
        : unusable(
            `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
          ),
  };
}

/** The folder that must survive: AMBIT_DATA_DIR. */
export function dataFolder(describe: string): Setting<string> {
  return path({
    describe,
    default: { text: folderDefaults.data, from: (env) => defaultDataFolder(env) },
  });
}

/** The folder that may be deleted at any time: AMBIT_CACHE_DIR. Undefined without a home: a cache is no reason not to start. */
export function cacheFolder(describe: string): Setting<string | undefined> {
  const from = (env: Environment): string | undefined => {
    try {
      return defaultCacheFolder(env);
    } catch {
      return undefined;
    }
  };
  return path({ describe, default: { text: folderDefaults.cache, from } });
}

function choiceParser<C extends string>(known: readonly C[]): (raw: string) => ParsedSetting<C> {
  return (raw) => {
    const value = known.find((word) => word === raw);
    return value === undefined ? unusable(`one of ${known.join(', ')}`) : { value };
  };
}

function list<T, O extends SettingOptions>(
  options: O,
  placeholder: string,
  item: (raw: string) => ParsedSetting<T>,
): Setting<Valued<readonly T[], O>> {
  const parse = (raw: string): ParsedSetting<readonly T[]> => {
    const words = raw === '' ? [] : raw.split(',').map((word) => word.trim());
    if (words.includes('')) return unusable('words separated by single commas');
    if (new Set(words).size !== words.length) return unusable('each word at most once');
    const value: T[] = [];
    for (const word of words) {
      const parsed = item(word);
      if ('expected' in parsed) return parsed;
      value.push(parsed.value);
    }
    return { value };
  };
  const made = setting<readonly T[], O>(options, placeholder, parse);
  return { ...made, kind: 'list' };
}
