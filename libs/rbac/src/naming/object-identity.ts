import { base32, type Digests } from '@ambit/kernel';
import type { RbacKind } from '../model.ts';

const classes = [
  'role',
  'standing',
  'standing-groups',
  'standing-accounts',
  'timed',
  'timed-groups',
  'timed-accounts',
] as const;
/** Objects of one class hold subjects of one kind, and end or do not. */
export type ObjectClass = (typeof classes)[number];

/**
 * What makes an object of ours that object: only what Kubernetes never lets change. Another roleRef is therefore
 * another object, and an edit of subjects or rules keeps its name.
 */
export interface ObjectIdentity {
  readonly kind: RbacKind;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** Of a binding: name of the ClusterRole it refers to. Of a ClusterRole: name of the role, for people. */
  readonly role: string;
  readonly class: ObjectClass;
  /** Grant of a time-bound binding, role of a ClusterRole; else empty. */
  readonly uid: string;
  /** Prefix of SHA-256(subject) as a text of 0 and 1. */
  readonly shard: string;
}

/** A Role is never written now; one that proves itself is still ours to take away. */
const kinds = ['ClusterRole', 'ClusterRoleBinding', 'RoleBinding', 'Role'] as const;

/** The identity of the ClusterRole of a role of ours: it stays when the rules change. */
export function roleIdentity(role: {
  readonly uid: string;
  readonly name: string;
}): ObjectIdentity {
  const { uid, name } = role;
  return { kind: 'ClusterRole', namespace: '', role: name, class: 'role', uid, shard: '' };
}

/** The identity as the text of annotation `ambit.dev/identity`: each part behind its length, so that no two agree. */
export function identityText(identity: ObjectIdentity): string {
  const { kind, namespace, role, uid, shard } = identity;
  const parts = [kind, namespace, role, identity.class, uid, shard];
  return parts.map((part) => `${part.length}:${part}`).join(',');
}

/** Reads `identityText`; undefined for any other text. */
export function parseIdentity(text: string): ObjectIdentity | undefined {
  const parts = splitParts(text);
  if (parts?.length !== 6) return undefined;
  const [kindText, namespace = '', role = '', classText, uid = '', shard = ''] = parts;
  const kind = kinds.find((known) => known === kindText);
  const known = classes.find((candidate) => candidate === classText);
  if (kind === undefined || known === undefined) return undefined;
  return { kind, namespace, role, class: known, uid, shard };
}

function splitParts(text: string): string[] | undefined {
  const parts: string[] = [];
  for (let at = 0; parts.length < 7;) {
    const length = /^(?:0|[1-9][0-9]{0,5})(?=:)/.exec(text.slice(at, at + 7))?.[0];
    if (length === undefined) return undefined;
    const start = at + length.length + 1;
    const end = start + Number(length);
    if (end > text.length) return undefined;
    parts.push(text.slice(start, end));
    if (end === text.length) return parts;
    if (text[end] !== ',') return undefined;
    at = end + 1;
  }
  return undefined;
}

/** `ambit-<slug of the role>-<12 characters of SHA-256(identity)>`; a DNS label of at most 43 characters. */
export function objectName(identity: ObjectIdentity, digests: Digests): string {
  const digest = digests.sha256(digests.utf8(identityText(identity)));
  // Joined, not concatenated: engines keep what is concatenated as a tree, and names are many and live long.
  return ['ambit', roleSlug(identity.role), base32(digest, 12)].join('-');
}

/** True when an object of this kind, namespace and name is the one its identity annotation speaks of. */
export function isNamedByIdentity(
  object: { readonly kind: string; readonly namespace?: string; readonly name: string },
  text: string,
  digests: Digests,
): boolean {
  const identity = parseIdentity(text);
  return (
    identity !== undefined &&
    identity.kind === object.kind &&
    identity.namespace === (object.namespace ?? '') &&
    objectName(identity, digests) === object.name
  );
}

/** What `objectName` makes, whatever it hashes. */
const namePattern = /^ambit-(.+)-[a-z2-7]{12}$/;

/**
 * True when an object of this name could be one of ours: the form fits and, of a binding, the role in it is the one that
 * it refers to. It is no proof, since the hash is not known, but what fails it was never made by us.
 */
export function couldBeNamedByUs(name: string, boundRole?: string): boolean {
  const slug = namePattern.exec(name)?.[1];
  return slug !== undefined && (boundRole === undefined || slug === roleSlug(boundRole));
}

function roleSlug(role: string): string {
  // A role of ours has a name of this form itself: its own slug is what people know.
  const ours = namePattern.exec(role)?.[1];
  const slug = (ours ?? role)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 25)
    .replace(/^-/, '')
    .slice(0, 24)
    .replace(/-$/, '');
  return slug === '' ? 'role' : slug;
}
