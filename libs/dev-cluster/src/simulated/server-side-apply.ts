import { sameValue } from './api-object.ts';
import type { ApiMeta, ApiObject } from './api-object.ts';
import { afterApply, keysOf, ownedParts, showPath } from './managed-fields.ts';
import type { Writer } from './managed-fields.ts';
import { StatusError } from './status-error.ts';

/**
 * The object after `writer` applied `config` to it. Throws 409 when another manager owns a part with another value and
 * `force` is not set; what the writer applied before and leaves out now goes, unless somebody else owns it too.
 */
export function applyConfig(
  config: ApiObject,
  existing: ApiObject | undefined,
  writer: Writer,
  force: boolean,
): ApiObject {
  const { managedFields: _sent, ...sentMeta } = config.metadata;
  const entries = existing?.metadata.managedFields ?? [];
  const others = entries.filter(
    (entry) => !(entry.manager === writer.manager && entry.operation === 'Apply'),
  );
  const wanted = ownedParts(config);
  const live: ReadonlyMap<string, unknown> =
    existing === undefined ? new Map<string, unknown>() : ownedParts(existing);
  const taken = [...wanted.keys()].filter(
    (key) => live.has(key) && !sameValue(live.get(key), wanted.get(key)),
  );
  const conflicts = others.flatMap((entry) =>
    keysOf(entry)
      .filter((key) => taken.includes(key))
      .map((key) => ({
        manager: entry.manager,
        apiVersion: entry.apiVersion,
        field: showPath(key),
      })),
  );
  if (conflicts.length > 0 && !force) throw applyConflict(conflicts);
  const before = entries.filter((entry) => !others.includes(entry)).flatMap(keysOf);
  const shared = new Set(others.flatMap(keysOf));
  const given = before.filter((key) => !wanted.has(key) && !shared.has(key));
  const base = existing === undefined ? undefined : withoutParts(existing, given);
  const merged =
    base === undefined ? { ...config, metadata: sentMeta } : mergeOver(base, config, sentMeta);
  const claim = { owned: new Set(wanted.keys()), taken };
  const managedFields = afterApply(merged, entries, writer, claim);
  return { ...merged, metadata: { ...merged.metadata, ...(managedFields && { managedFields }) } };
}

function mergeOver(base: ApiObject, config: ApiObject, meta: ApiMeta): ApiObject {
  const labels = { ...base.metadata.labels, ...meta.labels };
  const annotations = { ...base.metadata.annotations, ...meta.annotations };
  const finalizers = [
    ...new Set([...(base.metadata.finalizers ?? []), ...(meta.finalizers ?? [])]),
  ];
  const rules = config.rules ?? base.rules;
  return {
    ...base,
    ...config,
    ...(rules === undefined ? {} : { rules }),
    metadata: {
      ...base.metadata,
      ...meta,
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(finalizers.length > 0 && { finalizers }),
    },
  };
}

/** The object without the parts of these paths. */
function withoutParts(object: ApiObject, keys: readonly string[]): ApiObject {
  const copy = structuredClone(object) as unknown as Record<string, unknown>;
  for (const key of keys) {
    const path = (JSON.parse(key) as string[]).map((name) => name.replace(/^f:/, ''));
    const last = path.pop() ?? '';
    const parent = path.reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], copy);
    if (Array.isArray(parent)) parent.splice(parent.indexOf(JSON.parse(last.slice(2))), 1);
    else delete (parent as Record<string, unknown>)[last];
  }
  return copy as unknown as ApiObject;
}

interface ApplyConflict {
  readonly manager: string;
  readonly apiVersion: string;
  readonly field: string;
}

function applyConflict(conflicts: readonly ApplyConflict[]): StatusError {
  const causes = conflicts.map(({ manager, apiVersion, field }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${JSON.stringify(manager)} using ${apiVersion}`,
    field,
  }));
  const list = causes.map((cause) => `${cause.message}: ${cause.field}`).join('\n');
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  return new StatusError({
    code: 409,
    reason: 'Conflict',
    message: `Apply failed with ${count}: ${list}`,
    details: { causes },
  });
}
