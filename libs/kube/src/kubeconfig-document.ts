import { AppError, type ErrorItem } from '@ambit/kernel';
import { Composer, LineCounter, Parser, type Tags } from 'yaml';

type Values = Readonly<Record<string, unknown>>;

/** Types of YAML 1.1 that kubectl's reader does not know: to it a day is a text. */
const unknownToKubectl = new Set(
  ['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`),
);

/** How kubectl reads YAML: 1.1, so that yes and on are booleans; with merge keys; of keys that stand twice the last counts. */
const asKubectlReads = {
  version: '1.1',
  schema: 'yaml-1.1',
  merge: true,
  uniqueKeys: false,
  stringKeys: true,
  prettyErrors: false,
  customTags: (tags: Tags) =>
    tags.filter(
      (tag) =>
        typeof tag === 'string' ||
        !(unknownToKubectl.has(tag.tag) || ('format' in tag && tag.format === 'TIME')),
    ),
} as const;

/**
 * The first document of a kubeconfig; like kubectl we look at no other. Throws `AppError` `config_invalid` with a line and
 * never with words of the file, for they may be a token.
 */
export function kubeconfigDocument(text: string, path: string): Values {
  const lines = new LineCounter();
  const [document] = new Composer(asKubectlReads).compose(new Parser(lines.addNewLine).parse(text));
  const [broken] = document?.errors ?? [];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw notYaml(path, [{ message: 'it cannot be read from here on', line, column: col }]);
  }
  const file = valueOf(document, path) ?? {};
  if (isValues(file)) return file;
  throw invalid(`The file ${path} is not a kubeconfig.`, 'Name a kubeconfig.');
}

function valueOf(
  document: { toJS(options: { maxAliasCount: number }): unknown } | undefined,
  path: string,
): unknown {
  try {
    return document?.toJS({ maxAliasCount: 100 });
  } catch {
    throw notYaml(path, [{ message: 'an alias in it names nothing, or too much' }]);
  }
}

/** A mapping of a kubeconfig. A field that is empty or null is absent, as it is for kubectl. */
export class KubeconfigFields {
  readonly #values: Values;
  readonly #place: string;

  /** `place` is said in errors: what of which file this is. */
  constructor(values: unknown, place: string) {
    if (values !== null && values !== undefined && !isValues(values))
      throw this.#wrong(place, 'fields');
    this.#values = values ?? {};
    this.#place = place;
  }

  has(name: string): boolean {
    const value = this.#values[name] ?? '';
    return value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);
  }

  text(name: string): string | undefined {
    const value = this.#values[name] ?? '';
    if (typeof value !== 'string') throw this.#wrong(`${name} of ${this.#place}`, 'a text');
    return value === '' ? undefined : value;
  }

  flag(name: string): boolean {
    const value = this.#values[name] ?? false;
    if (typeof value !== 'boolean') throw this.#wrong(`${name} of ${this.#place}`, 'true or false');
    return value;
  }

  list(name: string): readonly unknown[] {
    const value = this.#values[name] ?? [];
    if (!Array.isArray(value)) throw this.#wrong(`${name} of ${this.#place}`, 'a list');
    return value as unknown[];
  }

  /** A mapping below; undefined for null only, because an empty one may mean something. */
  fields(name: string, place = `${name} of ${this.#place}`): KubeconfigFields | undefined {
    const value = this.#values[name] ?? undefined;
    return value === undefined ? undefined : new KubeconfigFields(value, place);
  }

  /** The base64 text of bytes, without line ends. */
  base64(name: string): string | undefined {
    const value = this.text(name)?.replaceAll(/[\r\n]/g, '');
    if (value === undefined || value === '') return undefined;
    if (value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)) return value;
    throw this.#wrong(`${name} of ${this.#place}`, 'base64');
  }

  #wrong(what: string, wanted: string): AppError {
    return invalid(`The ${what} is not ${wanted}.`, 'Quote texts that look like numbers or words.');
  }
}

function notYaml(path: string, errors: readonly ErrorItem[]): AppError {
  return new AppError('config_invalid', `The file ${path} is not YAML.`, {
    errors,
    hint: 'Check the file with kubectl config view.',
  });
}

export function invalid(message: string, hint: string): AppError {
  return new AppError('config_invalid', message, { hint });
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
