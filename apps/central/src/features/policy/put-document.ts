import type { PolicyDocument, PolicyKindName } from '@ambit/contracts';
import { AppError, compareText, notFound } from '@ambit/kernel';
import type { KnownNames, Precondition } from '@ambit/persistence';
import type { PolicyKinds, PutContext, WrittenObject } from './policy-kind.ts';

/** Documents in an order in which every reference is there before it is needed; names in one order for all, so that two sets wait for each other instead of deadlocking. */
export function inWritingOrder<D extends { readonly document: PolicyDocument }>(
  kinds: PolicyKinds,
  documents: readonly D[],
): D[] {
  return documents.toSorted(
    ({ document: a }, { document: b }) =>
      kinds.place(a.kind) - kinds.place(b.kind) || compareText(a.metadata.name, b.metadata.name),
  );
}

/** Stores one document whose references exist, with its audit events. Throws what the stores throw. */
export function putDocument(
  kinds: PolicyKinds,
  context: PutContext,
  document: PolicyDocument,
  precondition?: Precondition,
): Promise<WrittenObject> {
  const { name, labels, annotations } = document.metadata;
  refuseOtherUid(context.names, document);
  const required = precondition ?? metadataPrecondition(document);
  return kinds.of(document.kind).put(context, document, {
    name,
    labels,
    annotations,
    ...(required === undefined ? {} : { precondition: required }),
  });
}

/** A document with a uid means one object: what was made anew under its name is another one. */
function refuseOtherUid(names: KnownNames, { kind, metadata }: PolicyDocument): void {
  const { uid, name } = metadata;
  if (uid === undefined) return;
  const found = names.uid(kind, name);
  if (found === uid) return;
  throw new AppError(
    'stale_resource',
    found === undefined
      ? `${kind} ${name} does not exist any more.`
      : `${kind} ${name} is another one now.`,
    {
      why: `You named the uid ${uid}${found === undefined ? '' : `, it has ${found}`}.`,
      hint: 'Read it again, or leave metadata.uid out.',
    },
  );
}

function metadataPrecondition({ metadata }: PolicyDocument): Precondition | undefined {
  return metadata.resourceVersion === undefined
    ? undefined
    : { revision: Number(metadata.resourceVersion) };
}

/** uids of names that were found, each once. Throws `not_found`. */
export function uidsOf(
  known: KnownNames,
  kind: PolicyKindName,
  names: readonly string[],
): string[] {
  return [...new Set(names)].map((name) => uidOf(known, kind, name));
}

/** Throws `not_found`. */
export function uidOf(known: KnownNames, kind: PolicyKindName, name: string): string {
  const uid = known.uid(kind, name);
  if (uid === undefined) throw notFound(kind, name);
  return uid;
}
