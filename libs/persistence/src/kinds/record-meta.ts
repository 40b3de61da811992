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
