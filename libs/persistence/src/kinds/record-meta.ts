import type { Labels, RecordMeta } from '../records.ts';

/** The columns every policy object has. */
export interface MetaRow {
  readonly uid: string;
  readonly name: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly revision: number;
  readonly generation: number;
  readonly created_at: Date;
}

export const metaColumns =
  't.uid, t.name, t.labels, t.annotations, t.revision, t.generation, t.created_at';

export function toMeta(row: MetaRow): Omit<RecordMeta, 'kind'> {
  return {
    uid: row.uid,
    name: row.name,
    labels: row.labels,
    annotations: row.annotations,
    resourceVersion: row.revision,
    generation: row.generation,
    createdAt: row.created_at.getTime(),
  };
}

/** `{ [key]: value }`, or nothing at all for null: optional fields of records are absent, never undefined. */
export function optional<K extends string, V>(
  key: K,
  value: V | null | undefined,
): { [P in K]?: V } {
  return (value === null || value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}

export function optionalMillis<K extends string>(
  key: K,
  value: Date | null | undefined,
): { [P in K]?: number } {
  return optional(key, value?.getTime());
}
