import type { PolicyDocument, PolicyKindName } from '@ambit/contracts';
import { didYouMean } from '@ambit/kernel';
import type { ErrorItem } from '@ambit/kernel';
import type { Transaction } from '@ambit/persistence';

/** A name in a document that has to exist, in the set itself or in the store. */
export interface NameReference {
  readonly kind: Exclude<PolicyKindName, 'Grant'>;
  readonly name: string;
  readonly document: number;
  readonly pointer: string;
}

const stores = { User: 'users', Group: 'groups', Role: 'roles', Cluster: 'clusters' } as const;

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

/** The references that neither the store nor the set of documents has, each as a problem with the nearest names. */
export async function missingReferences(
  tx: Transaction,
  documents: readonly PolicyDocument[],
  known: (kind: NameReference['kind']) => Iterable<string>,
): Promise<ErrorItem[]> {
  const own = new Set(documents.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const open = documents
    .flatMap((document, index) => referencesOf(document, index))
    .filter(({ kind, name }) => !own.has(`${kind}/${name}`));
  const problems: ErrorItem[] = [];
  for (const kind of Object.keys(stores) as (keyof typeof stores)[]) {
    const ofKind = open.filter((reference) => reference.kind === kind);
    if (ofKind.length === 0) continue;
    const found = await tx[stores[kind]].uids([...new Set(ofKind.map(({ name }) => name))]);
    const missing = ofKind.filter(({ name }) => !found.has(name));
    if (missing.length > 0)
      problems.push(...missing.map((reference) => problem(reference, known(kind))));
  }
  return problems.sort((a, b) => (a.document ?? 0) - (b.document ?? 0));
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
