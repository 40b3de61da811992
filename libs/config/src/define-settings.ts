import type { Setting } from './setting.ts';

/** Settings by name. */
export type Declared = Readonly<Record<string, Setting<unknown>>>;

/** The values of a program's settings. */
export type ValuesOf<D extends Declared> = {
  readonly [K in keyof D]: D[K] extends Setting<infer T> ? T : never;
};

/** The values that a schema made with `defineSettings` loads to. */
export type SettingsOf<S> = S extends SettingsSchema<infer D> ? ValuesOf<D> : never;

/** Where one setting can be given. `flag` has no dashes. */
export interface Names {
  readonly key: string;
  readonly env: string | undefined;
  readonly flag: string | undefined;
  /** Variable and flag that name a file holding the value; secrets only. */
  readonly envFile: string | undefined;
  readonly flagFile: string | undefined;
}

/** Every setting of one program. */
export interface SettingsSchema<D extends Declared = Declared> {
  readonly program: string;
  readonly declared: D;
  readonly names: readonly Names[];
  /** False when the program reads no YAML file. */
  readonly configFile: boolean;
  /** Paragraphs of the reference page beyond the table. */
  readonly notes: readonly string[];
  check(values: ValuesOf<D>): readonly string[];
}

/** What a schema may say beyond its settings. */
export interface SchemaExtras<D extends Declared> {
  /** False when the program reads no YAML file; otherwise `--config` and AMBIT_CONFIG name one. */
  readonly configFile?: boolean;
  /** Paragraphs for the reference page, such as variables that are not settings. */
  readonly notes?: readonly string[];
  /** What is wrong with values that are each right alone, one sentence each. */
  readonly check?: (values: ValuesOf<D>) => readonly string[];
}

/** Declares every setting of a program once; reading, help and the reference page all come from it. */
export function defineSettings<const D extends Declared>(
  program: string,
  declared: D,
  extras: SchemaExtras<D> = {},
): SettingsSchema<D> {
  return {
    program,
    declared,
    names: Object.entries(declared).map(([key, one]) => namesOf(key, one)),
    configFile: extras.configFile ?? true,
    notes: extras.notes ?? [],
    check: extras.check ?? (() => []),
  };
}

function namesOf(key: string, { options, kind }: Setting<unknown>): Names {
  const kebab = key.replace(/[A-Z]+/g, (letters) => `-${letters.toLowerCase()}`);
  const env = options.env ?? `AMBIT_${kebab.replaceAll('-', '_').toUpperCase()}`;
  const flag = options.flag ?? kebab;
  const plainFlag = kind === 'secret' && options.flag === undefined ? false : flag;
  return { key, env: named(env), flag: named(plainFlag), ...fileNames(kind, env, flag) };
}

function fileNames(
  kind: Setting<unknown>['kind'],
  env: string | false,
  flag: string | false,
): Pick<Names, 'envFile' | 'flagFile'> {
  if (kind !== 'secret') return { envFile: undefined, flagFile: undefined };
  return { envFile: named(env && `${env}_FILE`), flagFile: named(flag && `${flag}-file`) };
}

function named(name: string | false): string | undefined {
  return name === false ? undefined : name;
}
