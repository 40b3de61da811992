import { AppError, didYouMean, type ErrorItem } from '@ambit/kernel';
import { z } from 'zod';
import { ApplyRequest, mostObjects } from './apply.ts';
import { isLaterField } from './later-fields.ts';
import {
  findPolicyKind,
  laterKinds,
  policyKindNames,
  type PolicyDocument,
  type PolicyKindName,
} from './kinds/policy-kinds.ts';
import { fieldText, mostProblems, parseWith, problemItems } from './schema-problems.ts';

/** A document that is sound, or everything that is wrong with it; pointers are relative to the document. */
export type CheckedDocument =
  | { readonly ok: true; readonly object: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly ErrorItem[] };

/** Reads one policy object from a parsed value. Fields and kinds of later versions are told from unknown ones. */
export function checkPolicyDocument(value: unknown): CheckedDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('', 'a policy object is expected: apiVersion, kind, metadata, spec');
  }
  const kind = (value as Record<string, unknown>)['kind'];
  const contract = findPolicyKind(kind);
  if (contract === undefined) return refuseKind(kind);
  const parsed = contract.write.safeParse(value);
  if (parsed.success) return { ok: true, object: parsed.data };
  const problems = problemItems(parsed.error, contract.write, value);
  return { ok: false, problems: problems.map(markLater(contract.kind)) };
}

function refuse(pointer: string, message: string, near?: string): CheckedDocument {
  const item = { pointer, message, ...(near === undefined ? {} : { didYouMean: near }) };
  return { ok: false, problems: [item] };
}

function refuseKind(kind: unknown): CheckedDocument {
  if (typeof kind !== 'string') {
    return refuse('/kind', `kind is required: ${policyKindNames.join(', ')}`);
  }
  if ((laterKinds as readonly string[]).includes(kind)) {
    return refuse('/kind', `kind ${kind} is not in this version`);
  }
  const [near] = didYouMean(kind, policyKindNames, 1);
  const known = near === undefined ? `; known: ${policyKindNames.join(', ')}` : '';
  return refuse('/kind', `unknown kind "${kind.slice(0, 64)}"${known}`, near);
}

/** Tells a field of a later version from an unknown one. */
export const markLater =
  (kind: PolicyKindName) =>
  (item: ErrorItem): ErrorItem => {
    if (item.pointer === undefined || !isLaterField(kind, item.pointer)) return item;
    const path = item.pointer.slice(1).split('/');
    const field = fieldText(path.map((step) => (/^\d+$/.test(step) ? Number(step) : step)));
    return { pointer: item.pointer, message: `${field} is not in this version` };
  };

/** Objects of one kind that have the same name, the later one named; `documents` keeps its order. */
export function duplicateObjects(
  documents: readonly (PolicyDocument | undefined)[],
): { readonly document: number; readonly message: string }[] {
  const first = new Map<string, number>();
  const found: { document: number; message: string }[] = [];
  documents.forEach((object, document) => {
    if (object === undefined) return;
    const name = `${object.kind} "${object.metadata.name}"`;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, document);
    else
      found.push({
        document,
        message: `${name} stands here twice, first as document ${earlier + 1}`,
      });
  });
  return found;
}

const Envelope = ApplyRequest.extend({
  objects: z.array(z.unknown()).min(1, 'send at least one object').max(mostObjects),
});

/**
 * Reads the body of POST apply. Throws `invalid_request` for the envelope and `invalid_policy` with the problems of
 * every document, at most 100 (`document` counts from 0), duplicates among them.
 */
export function parseApplyRequest(body: unknown): ApplyRequest {
  const envelope = parseWith(Envelope, body, 'The body');
  const checked = envelope.objects.map((value) => checkPolicyDocument(value));
  const errors: ErrorItem[] = checked.flatMap((result, document) =>
    result.ok ? [] : result.problems.map((item) => ({ document, ...item })),
  );
  const sound = checked.map((result) => (result.ok ? result.object : undefined));
  for (const twice of duplicateObjects(sound)) errors.push({ ...twice, pointer: '/metadata/name' });
  if (errors.length > 0) throw invalidPolicy(errors.slice(0, mostProblems));
  return { ...envelope, objects: sound.filter((object) => object !== undefined) };
}

/** The error for faulty policy documents; the message quotes the first problem. */
export function invalidPolicy(errors: readonly ErrorItem[]): AppError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const where = first?.document === undefined ? '' : ` in document ${first.document + 1}`;
  return new AppError('invalid_policy', `${first?.message ?? 'not valid'}${where}${more}`, {
    errors,
  });
}
