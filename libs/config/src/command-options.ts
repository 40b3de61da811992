import type { Names, SettingsSchema } from './define-settings.ts';
import { defaultText } from './settings-reference.ts';
import type { Setting } from './setting.ts';

/** The part of a commander command that options are added to. */
export interface OptionTarget {
  option(
    flags: string,
    description: string,
    collect: (value: string, before: string[] | undefined) => string[],
  ): unknown;
}

/** Flags as commander's `opts()` gives them: by camel-case name. */
export type Flags = Readonly<Record<string, unknown>>;

/**
 * Adds every setting that has a flag, with its variable and default in the description. Each occurrence is kept, so
 * that `loadSettings` can refuse a flag that was given twice.
 */
export function addSettings(command: OptionTarget, schema: SettingsSchema): void {
  const collect = (value: string, before: string[] | undefined): string[] => [
    ...(before ?? []),
    value,
  ];
  for (const names of schema.names) {
    const one = schema.declared[names.key];
    if (one === undefined) continue;
    if (names.flag !== undefined) {
      command.option(flagText(names.flag, one), described(names, one), collect);
    }
    if (names.flagFile !== undefined) {
      const from = names.flag === undefined ? described(names, one) : `File that holds it`;
      command.option(`--${names.flagFile} <path>`, `${from} (env: ${names.envFile})`, collect);
    }
  }
  if (schema.configFile) {
    command.option('--config <path>', 'YAML file with these settings (env: AMBIT_CONFIG)', collect);
  }
}

function flagText(flag: string, one: Setting<unknown>): string {
  return one.kind === 'toggle' ? `--${flag} [true|false]` : `--${flag} <${one.placeholder}>`;
}

function described(names: Names, one: Setting<unknown>): string {
  const facts = [
    ...(names.env === undefined ? [] : [`env: ${names.env}`]),
    ...(one.options.required === true ? ['required'] : []),
    ...(one.options.default === undefined ? [] : [`default: ${defaultText(one)}`]),
  ];
  return `${one.options.describe}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`;
}
