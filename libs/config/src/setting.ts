import type { Environment } from './environment.ts';

/** What a parser made of a text: the value, or what it wanted instead. */
export type ParsedSetting<T> = { readonly value: T } | { readonly expected: string };

/** The outcome of a parser that could not use its text; `expected` reads after "expected". */
export function unusable(expected: string): { readonly expected: string } {
  return { expected };
}

/** A default that depends on the environment; `text` describes it in help and reference pages. */
export interface ComputedDefault {
  readonly text: string;
  /** Undefined where the setting may be left out. */
  readonly from: (env: Environment) => string | undefined;
}

/** What every kind of setting takes. Defaults are texts, read by the same parser as everything else. */
export interface SettingOptions {
  /** One sentence for help and the reference page. */
  readonly describe: string;
  /** Name of the variable; `AMBIT_` and the key when absent; false for none. */
  readonly env?: string | false;
  /** Name of the flag without dashes; the key in kebab case when absent; false for none. */
  readonly flag?: string | false;
  readonly default?: string | ComputedDefault;
  readonly required?: true;
}

/** One declared setting of a program and how its text becomes a value. */
export interface Setting<T> {
  readonly options: SettingOptions;
  /** Stands in help after the flag, such as `host:port`. */
  readonly placeholder: string;
  readonly kind: 'value' | 'toggle' | 'list' | 'secret';
  parse(raw: string): ParsedSetting<T>;
}

/** The type of a setting's value: undefined is possible unless it is required or has a default. */
export type Valued<T, O extends SettingOptions> = O extends
  { readonly default: string | ComputedDefault } | { readonly required: true }
  ? T
  : T | undefined;

/** A setting of a kind of your own. */
export function setting<T, O extends SettingOptions>(
  options: O,
  placeholder: string,
  parse: (raw: string) => ParsedSetting<T>,
): Setting<Valued<T, O>> {
  return { options, placeholder, kind: 'value', parse: parse as Setting<Valued<T, O>>['parse'] };
}
