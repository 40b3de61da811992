import { badRequest } from './status-error.ts';

type Fields = Record<string, unknown>;

/** RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

/** Lists that Kubernetes merges as sets; all others of the kinds served here are atomic. */
const sets = ['finalizers'];
const deletion = '$deleteFromPrimitiveList/';

/** `application/strategic-merge-patch+json`, which is what `kubectl apply` and `kubectl edit` send. */
export function strategicMergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (name.startsWith(deletion)) removeFromSet(result, name.slice(deletion.length), value);
    else if (name.startsWith('$')) continue;
    else if (value === null) delete result[name];
    else if (sets.includes(name))
      result[name] = [...new Set([...listOf(value), ...listOf(result[name])])];
    else result[name] = strategicMergePatch(result[name], value);
  }
  return result;
}

function removeFromSet(result: Fields, name: string, value: unknown): void {
  const gone = listOf(value);
  result[name] = listOf(result[name]).filter((member) => !gone.includes(member));
}

interface JsonPatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** RFC 6902 without `move` and `copy`, which nobody sends here. Throws 400 for what cannot be applied. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  const result = structuredClone(target);
  for (const operation of patch as JsonPatchOperation[]) {
    applyOperation(result, operation);
  }
  return result;
}

function applyOperation(document: unknown, { op, path, value }: JsonPatchOperation): void {
  const segments = path
    .split('/')
    .slice(1)
    .map((text) => text.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = segments.pop();
  const parent = segments.reduce<unknown>(
    (at, segment) => (at as Fields | undefined)?.[segment],
    document,
  );
  if (typeof parent !== 'object' || parent === null || last === undefined) throw unknownPlace(path);
  if (op !== 'add' && !Object.hasOwn(parent, last)) throw unknownPlace(path);
  const fields = parent as Fields;
  if (op === 'test') {
    if (JSON.stringify(fields[last]) !== JSON.stringify(value))
      throw badRequest(`testing ${path} failed`);
  } else if (Array.isArray(parent)) changeList(parent, op, last, value);
  else if (op === 'remove') delete fields[last];
  else fields[last] = value;
}

function changeList(list: unknown[], op: string, place: string, value: unknown): void {
  const index = place === '-' ? list.length : Number(place);
  if (op === 'remove') list.splice(index, 1);
  else list.splice(index, op === 'add' ? 0 : 1, value);
}

function unknownPlace(path: string): Error {
  return badRequest(`the JSON patch names a place that is not there: ${path}`);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
