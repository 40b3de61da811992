import type { PolicyDocument } from '@ambit/contracts';
import { didYouMean } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { KnownNames, NamesByKind } from '@ambit/persistence';
import type { PolicyKinds, Reference } from './policy-kind.ts';

/** A name that a document of a set refers to. */
interface NameReference extends Reference {
  readonly document: number;
}

/** Every name that the documents refer to. */
export function referencesIn(
  kinds: PolicyKinds,
  documents: readonly PolicyDocument[],
): readonly NameReference[] {
  return documents.flatMap((document, index) =>
    (kinds.of(document.kind).references?.(document) ?? []).map((reference) => ({
      ...reference,
      document: index,
    })),
  );
}

/** Every name that has to be looked up to store the documents. */
export function namesIn(
  references: readonly NameReference[],
  documents: readonly PolicyDocument[],
): NamesByKind {
  const names: Record<string, string[]> = {};
  const want = (kind: string, name: string): void => void (names[kind] ??= []).push(name);
  for (const { kind, name } of references) want(kind, name);
  for (const { kind, metadata } of documents) {
    // A document with a uid means one object, so it is asked which one the name has.
    if (metadata.uid !== undefined) want(kind, metadata.name);
  }
  return names;
}

/** The names of the documents themselves. */
export function ownNames(documents: readonly PolicyDocument[]): NamesByKind {
  const names: Record<string, string[]> = {};
  for (const { kind, metadata } of documents) (names[kind] ??= []).push(metadata.name);
  return names;
}

/** The references that neither the store nor the set of documents has, each as a problem with the nearest names. */
export function missingReferences(
  references: readonly NameReference[],
  documents: readonly PolicyDocument[],
  names: KnownNames,
  known: (kind: NameReference['kind']) => Iterable<string>,
): ErrorItem[] {
  const unknown = references.filter(({ kind, name }) => names.uid(kind, name) === undefined);
  if (unknown.length === 0) return [];
  const own = new Set(documents.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  return unknown
    .filter(({ kind, name }) => !own.has(`${kind}/${name}`))
    .map((reference) => problem(reference, known(reference.kind)));
}

function problem(
  { kind, name, document, pointer }: NameReference,
  known: Iterable<string>,
): ErrorItem {
  const [near] = didYouMean(name, known, 1);
  return {
    document,
    pointer,
    message: `there is no ${kind} ${name}${near === undefined ? '' : `; did you mean ${near}?`}`,
    ...(near === undefined ? {} : { didYouMean: near }),
  };
}
