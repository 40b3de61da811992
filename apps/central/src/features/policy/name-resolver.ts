import type { PolicyDocument, PolicyKindName } from '@ambit/contracts';
import { didYouMean } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { KnownNames, NamesByKind } from '@ambit/persistence';

/** A name in a document that has to exist, in the set itself or in the store. */
export interface NameReference {
  readonly kind: Exclude<PolicyKindName, 'Grant'>;
  readonly name: string;
  readonly document: number;
  readonly pointer: string;
}

/** Every name a document refers to, with the place where it stands. */
export function referencesOf(document: PolicyDocument, index: number): NameReference[] {
  const at = (kind: NameReference['kind'], name: string, pointer: string): NameReference => ({
    kind,
    name,
    document: index,
    pointer,
  });
  if (document.kind === 'Group') {
    return (document.spec.members ?? []).map((name, i) => at('User', name, `/spec/members/${i}`));
  }
  if (document.kind !== 'Grant') return [];
  const { subjects, role, scope } = document.spec;
  return [
    ...subjects.map((subject, i) =>
      subject.user === undefined
        ? at('Group', subject.group ?? '', `/spec/subjects/${i}/group`)
        : at('User', subject.user, `/spec/subjects/${i}/user`),
    ),
    at('Role', role, '/spec/role'),
    ...(scope.clusters.names ?? []).map((name, i) =>
      at('Cluster', name, `/spec/scope/clusters/names/${i}`),
    ),
  ];
}

/** Every name that has to be looked up to store the documents. */
export function namesIn(documents: readonly PolicyDocument[]): NamesByKind {
  const names: Record<PolicyKindName, string[]> = {
    User: [],
    Group: [],
    Role: [],
    Cluster: [],
    Grant: [],
  };
  for (const [index, document] of documents.entries()) {
    for (const { kind, name } of referencesOf(document, index)) names[kind].push(name);
    // A document with a uid means one object, so it is asked which one the name has.
    if (document.metadata.uid !== undefined) names[document.kind].push(document.metadata.name);
  }
  return names;
}

/** The references that neither the store nor the set of documents has, each as a problem with the nearest names. */
export function missingReferences(
  documents: readonly PolicyDocument[],
  names: KnownNames,
  known: (kind: NameReference['kind']) => Iterable<string>,
): ErrorItem[] {
  const own = new Set(documents.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  return documents
    .flatMap((document, index) => referencesOf(document, index))
    .filter(({ kind, name }) => !own.has(`${kind}/${name}`) && names.uid(kind, name) === undefined)
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
