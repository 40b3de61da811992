import { isDeepStrictEqual } from 'node:util';
import { AppError } from '@ambit/kernel';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parse,
  parseDocument,
  type YAMLMap,
  YAMLSeq,
} from 'yaml';

export type EntryKind = 'clusters' | 'contexts' | 'users';

/** Fields to set in a map; those that are undefined are taken out. */
export type Fields = Readonly<Record<string, unknown>>;

const bodyKeys = { clusters: 'cluster', contexts: 'context', users: 'user' } as const;

/** Kubernetes reads YAML 1.1, where words such as `on` are no texts: they are written in quotes. */
const yamlOptions = { compat: 'yaml-1.1' } as const;

const newFile = 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n';

/**
 * One kubeconfig file as it is edited: what is not touched keeps its place, its comments and every field. Throws `config_invalid`
 * where it is no kubeconfig, without quoting it: it may hold secrets.
 */
export class KubeconfigFile {
  readonly path: string;
  readonly #text: string | undefined;
  readonly #document: Document;
  readonly #before: unknown;

  /** `text` is undefined for a file that is not there yet. */
  constructor(path: string, text: string | undefined) {
    this.path = path;
    this.#text = text;
    this.#document = read(path, text);
    this.#root();
    for (const kind of ['clusters', 'contexts', 'users'] as const) this.#list(kind);
    this.#before = this.#document.toJS();
  }

  get exists(): boolean {
    return this.#text !== undefined;
  }

  /** The text to be written; undefined when nothing changed. Throws `internal` rather than lose anything. */
  changedText(): string | undefined {
    const text = this.#document.toString({
      lineWidth: 0,
      indentSeq: /^[\w-]+:\s*\n +- /m.test(this.#text ?? ''),
      flowCollectionPadding: !/\{\w/.test(this.#text ?? ''),
    });
    const value: unknown = this.#document.toJS();
    if (isDeepStrictEqual(value, this.#before)) return undefined;
    if (isDeepStrictEqual(parse(text, yamlOptions), value)) return text;
    throw new AppError('internal', `${this.path} cannot be written without a loss`, {
      hint: 'Move it away and try again.',
    });
  }

  get currentContext(): string | undefined {
    const name = this.#root().get('current-context');
    return typeof name === 'string' && name !== '' ? name : undefined;
  }

  set currentContext(name: string | undefined) {
    this.#root().set('current-context', name ?? '');
  }

  /** The names of all entries of a kind, in their order. */
  names(kind: EntryKind): readonly string[] {
    return this.#entries(kind).map((entry) => String(entry.get('name')));
  }

  /** What an entry says, without its name; undefined when there is none. */
  body(kind: EntryKind, name: string): Fields | undefined {
    const entry = this.#entry(kind, name);
    return entry && ((entry.toJS(this.#document) as Fields)[bodyKeys[kind]] as Fields);
  }

  /** Sets fields of an entry, and makes it where there is none; others that it has are kept. */
  put(kind: EntryKind, name: string, fields: Fields): void {
    let entry = this.#entry(kind, name);
    if (entry === undefined) {
      entry = this.#document.createNode({ name, [bodyKeys[kind]]: {} }) as YAMLMap;
      const list = this.#list(kind);
      // `[]` would go on as a line.
      list.flow = list.flow === true && list.items.length > 0;
      list.add(entry);
    }
    this.#merge(entry, bodyKeys[kind], fields);
  }

  remove(kind: EntryKind, name: string): void {
    const list = this.#list(kind);
    list.items = list.items.filter((item) => this.#map(item)?.get('name') !== name);
  }

  #merge(map: YAMLMap, key: string, fields: Fields): void {
    let inner = this.#map(map.get(key, true));
    if (inner === undefined) {
      inner = this.#document.createNode({}) as YAMLMap;
      map.set(key, inner);
    }
    inner.flow &&= inner.items.length > 0;
    const before = inner.toJS(this.#document) as Fields;
    for (const [name, value] of Object.entries(fields)) {
      if (isDeepStrictEqual(before[name], value)) continue;
      if (value === undefined) inner.delete(name);
      else if (isPlainMap(value)) this.#merge(inner, name, value);
      else inner.set(name, typeof value === 'object' ? this.#document.createNode(value) : value);
    }
  }

  #root(): YAMLMap {
    const root = this.#map(this.#document.contents);
    if (root === undefined) throw this.#strange('it is no map');
    return root;
  }

  #list(kind: EntryKind): YAMLSeq {
    const root = this.#root();
    const found = root.get(kind, true);
    if (isSeq(found)) {
      if (found.items.every((item) => this.#map(item) !== undefined)) return found;
    } else if (root.get(kind) === undefined || root.get(kind) === null) {
      const list = new YAMLSeq(this.#document.schema);
      root.set(kind, list);
      return list;
    }
    throw this.#strange(`its "${kind}" is no list of entries`);
  }

  #entries(kind: EntryKind): readonly YAMLMap[] {
    return this.#list(kind).items.map((item) => this.#map(item) as YAMLMap);
  }

  #entry(kind: EntryKind, name: string): YAMLMap | undefined {
    return this.#entries(kind).find((entry) => entry.get('name') === name);
  }

  #map(node: unknown): YAMLMap | undefined {
    const target = isAlias(node) ? node.resolve(this.#document) : node;
    return isMap(target) ? target : undefined;
  }

  #strange(why: string): AppError {
    return notKubeconfig(this.path, why);
  }
}

function isPlainMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(path: string, text: string | undefined): Document {
  const lineCounter = new LineCounter();
  const document = parseDocument(text ?? newFile, { lineCounter, ...yamlOptions });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0]);
    const why =
      error.code === 'MULTIPLE_DOCS'
        ? 'it holds a second document'
        : `it is not YAML (${error.code})`;
    throw notKubeconfig(`${path}:${line}:${col}`, why);
  }
  const { contents } = document;
  if (contents !== null && !(isScalar(contents) && contents.value === null)) return document;
  const fresh = parseDocument(newFile, yamlOptions);
  fresh.commentBefore = document.commentBefore ?? document.comment;
  return fresh;
}

function notKubeconfig(where: string, why: string): AppError {
  return new AppError('config_invalid', `${where} is not a kubeconfig that can be edited`, {
    why,
    hint: 'Mend it, or name another with KUBECONFIG; nothing was changed.',
  });
}
