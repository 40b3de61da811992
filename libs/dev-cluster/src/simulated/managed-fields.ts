import { sameValue } from './api-object.ts';
import type { ApiObject, FieldsV1, ManagedFieldsEntry } from './api-object.ts';

/** One path of `fieldsV1`, outermost first. */
type Path = readonly string[];

export interface Writer {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly time: string;
}

const maps = ['labels', 'annotations'] as const;
const atomicFields = [
  'subjects',
  'roleRef',
  'rules',
  'spec',
  'secrets',
  'imagePullSecrets',
] as const;

/** The owned parts of an object with their values, keyed by path. Owner references count as one. */
export function ownedParts(object: ApiObject): Map<string, unknown> {
  const parts = new Map<string, unknown>();
  const put = (path: Path, value: unknown): void => {
    if (value !== undefined && value !== null) parts.set(keyOfPath(path), value);
  };
  for (const map of maps) {
    for (const [key, value] of Object.entries(object.metadata[map] ?? {})) {
      put(['f:metadata', `f:${map}`, `f:${key}`], value);
    }
  }
  for (const finalizer of object.metadata.finalizers ?? []) {
    put(['f:metadata', 'f:finalizers', `v:${JSON.stringify(finalizer)}`], finalizer);
  }
  put(['f:metadata', 'f:ownerReferences'], object.metadata.ownerReferences);
  for (const field of atomicFields) put([`f:${field}`], object[field]);
  put(
    ['f:aggregationRule', 'f:clusterRoleSelectors'],
    object.aggregationRule?.clusterRoleSelectors,
  );
  return parts;
}

/** `managedFields` after an update: the writer takes what it changed, nobody keeps what is gone. */
export function afterUpdate(
  object: ApiObject,
  existing: ApiObject | undefined,
  writer: Writer,
): readonly ManagedFieldsEntry[] | undefined {
  const before: ReadonlyMap<string, unknown> =
    existing === undefined ? new Map<string, unknown>() : ownedParts(existing);
  const now = ownedParts(object);
  const changed = [...now.keys()].filter((key) => !sameValue(now.get(key), before.get(key)));
  const entries = existing?.metadata.managedFields ?? [];
  const lost = [...before.keys()].filter((key) => !now.has(key));
  if (changed.length === 0 && lost.length === 0) return entries.length === 0 ? undefined : entries;
  const own = entries.find((entry) => sameWriter(entry, writer));
  const owned = new Set([...(own === undefined ? [] : keysOf(own)), ...changed]);
  return assemble(entries, writer, { owned, taken: [...changed, ...lost], present: now });
}

/** `managedFields` after an apply: the writer owns exactly what it said; `taken` is lost to everybody else. */
export function afterApply(
  object: ApiObject,
  entries: readonly ManagedFieldsEntry[],
  writer: Writer,
  claim: { readonly owned: ReadonlySet<string>; readonly taken: readonly string[] },
): readonly ManagedFieldsEntry[] | undefined {
  return assemble(entries, writer, { ...claim, present: ownedParts(object) });
}

interface Claim {
  readonly owned: ReadonlySet<string>;
  readonly taken: readonly string[];
  readonly present: ReadonlyMap<string, unknown>;
}

function assemble(
  entries: readonly ManagedFieldsEntry[],
  writer: Writer,
  { owned, taken, present }: Claim,
): readonly ManagedFieldsEntry[] | undefined {
  const others = entries
    .filter((entry) => !sameWriter(entry, writer))
    .map((entry) => {
      const keys = keysOf(entry);
      const kept = keys.filter((key) => present.has(key) && !taken.includes(key));
      return kept.length === keys.length ? entry : { ...entry, fieldsV1: fieldsV1Of(kept) };
    });
  const mine = [...owned].filter((key) => present.has(key)).sort();
  const all = [
    ...others,
    { ...writer, fieldsType: 'FieldsV1' as const, fieldsV1: fieldsV1Of(mine) },
  ];
  const filled = all.filter((entry) => Object.keys(entry.fieldsV1).length > 0);
  return filled.length === 0 ? undefined : filled.sort(byManager);
}

function sameWriter(entry: ManagedFieldsEntry, writer: Writer): boolean {
  return entry.manager === writer.manager && entry.operation === writer.operation;
}

function byManager(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  const order = `${a.operation} ${a.manager}`;
  return order < `${b.operation} ${b.manager}` ? -1 : 1;
}

/** The paths an entry owns, as `ownedParts` keys them. */
export function keysOf(entry: ManagedFieldsEntry): string[] {
  const keys: string[] = [];
  const walk = (fields: FieldsV1, path: Path): void => {
    for (const [name, inner] of Object.entries(fields)) {
      if (name === '.') continue;
      if (Object.keys(inner).length === 0) keys.push(keyOfPath([...path, name]));
      else walk(inner, [...path, name]);
    }
  };
  walk(entry.fieldsV1, []);
  return keys;
}

function fieldsV1Of(keys: readonly string[]): FieldsV1 {
  interface Tree {
    [name: string]: Tree;
  }
  const root: Tree = {};
  for (const key of keys) {
    const path = JSON.parse(key) as string[];
    path.reduce((at, name, depth) => {
      at[name] ??= depth > 0 && depth < path.length - 1 ? { '.': {} } : {};
      return at[name];
    }, root);
  }
  return root;
}

function keyOfPath(path: Path): string {
  return JSON.stringify(path);
}

/** A path as conflict messages show it: `.metadata.labels.x`, `.subjects`. */
export function showPath(key: string): string {
  return (JSON.parse(key) as string[]).map((name) => `.${name.replace(/^[fv]:/, '')}`).join('');
}
