import { ambitAnnotations } from '../model.ts';

interface Annotated {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string | null>> };
}

/** The body or patch with the revision it is written for: set on every write, never compared. */
export function withRevision<T extends Annotated>(value: T, revision: number): T {
  const annotations = {
    ...value.metadata.annotations,
    [ambitAnnotations.revision]: String(revision),
  };
  return { ...value, metadata: { ...value.metadata, annotations } };
}
