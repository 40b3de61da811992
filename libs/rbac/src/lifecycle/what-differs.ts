import { metadataChanges } from '../diff/metadata-changes.ts';
import type { ObjectPatch } from '../diff/operation.ts';
import { subjectChanges } from '../diff/subject-changes.ts';
import { sameRules } from '../evaluate/normalize-rules.ts';
import { isBinding } from '../is-binding.ts';
import type { BindingObject, RbacObject, RbacSubject } from '../model.ts';
import { subjectName } from './access-gap.ts';
import type { Write } from './taking-away.ts';

const mostNamed = 5;

/**
 * What of a write does not stand in the object it was answered with, in words; undefined when all of it does. The API
 * server answers with what admission made of a write, so a difference was made by it, not by somebody later.
 */
export function whatDiffers(operation: Write, after: RbacObject | undefined): string | undefined {
  if (after === undefined || operation.type === 'delete') return undefined;
  return operation.type === 'update'
    ? patchDiffers(operation.patch, after)
    : bodyDiffers(operation.body, after);
}

function patchDiffers(patch: ObjectPatch, after: RbacObject): string | undefined {
  return (
    subjectsDiffer(patch.subjects, after) ??
    rulesDiffer(patch.rules, after) ??
    patchedMetadataDiffers(patch.metadata, after)
  );
}

function bodyDiffers(body: RbacObject, after: RbacObject): string | undefined {
  const content = isBinding(body)
    ? (roleDiffers(body, after) ?? subjectsDiffer(body.subjects ?? [], after))
    : rulesDiffer(body.rules ?? [], after);
  return content ?? metadataDiffers(body, after);
}

function roleDiffers(body: BindingObject, after: RbacObject): string | undefined {
  if (!isBinding(after)) return undefined;
  const same = body.roleRef.name === after.roleRef.name && body.roleRef.kind === after.roleRef.kind;
  return same ? undefined : `it binds ${after.roleRef.kind} ${after.roleRef.name}`;
}

function subjectsDiffer(
  written: readonly RbacSubject[] | undefined,
  after: RbacObject,
): string | undefined {
  if (written === undefined || !isBinding(after)) return undefined;
  const { gains, loses } = subjectChanges(written, after.subjects ?? []);
  const texts = [
    ...(gains.length > 0 ? [`it also binds ${named(gains)}`] : []),
    ...(loses.length > 0 ? [`it does not bind ${named(loses)}`] : []),
  ];
  return texts.length === 0 ? undefined : texts.join(' and ');
}

function named(subjects: readonly RbacSubject[]): string {
  const names = subjects.map((subject) => `${subject.kind} ${subjectName(subject)}`).sort();
  const more = names.length - mostNamed;
  return more > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${more} more` : names.join(', ');
}

function rulesDiffer(
  written: Extract<RbacObject, { rules: unknown }>['rules'] | undefined,
  after: RbacObject,
): string | undefined {
  if (written === undefined || isBinding(after)) return undefined;
  return sameRules(written, after.rules) ? undefined : 'its rules are others';
}

function metadataDiffers(body: RbacObject, after: RbacObject): string | undefined {
  const { labels, annotations } = metadataChanges(body.metadata, after.metadata);
  const names = [...Object.keys(labels ?? {}), ...Object.keys(annotations ?? {})];
  return names.length === 0 ? undefined : `its metadata differs in ${names.sort().join(', ')}`;
}

type Texts = Readonly<Record<string, string | null>> | undefined;

function patchedMetadataDiffers(
  patch: { readonly labels?: Texts; readonly annotations?: Texts },
  { metadata }: RbacObject,
): string | undefined {
  const names = [
    ...unlike(patch.labels, metadata.labels),
    ...unlike(patch.annotations, metadata.annotations),
  ];
  return names.length === 0 ? undefined : `its metadata differs in ${names.sort().join(', ')}`;
}

function unlike(written: Texts, found: Readonly<Record<string, string>> | undefined): string[] {
  return Object.entries(written ?? {}).flatMap(([name, value]) =>
    (found?.[name] ?? null) === value ? [] : [name],
  );
}
