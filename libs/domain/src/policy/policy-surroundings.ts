import type { Digests } from '@ambit/kernel';
import type { Holders } from './holders.ts';
import type { PolicyStore } from './policy-store.ts';
import type { Subjects } from './subjects.ts';
import { waysTo } from './ways-to.ts';

/** Digests are kept to divide large families quickly; this many of them take about 20 MB. */
const mostCachedDigests = 100_000;

/** What families ask of the policy they are part of. */
export interface PolicySurroundings {
  readonly digests: Digests;
  readonly subjectOf: (prefix: string, userUid: string) => string | undefined;
  readonly hasUser: (userUid: string) => boolean;
  readonly digestOf: (subject: string) => Uint8Array;
  readonly grantName: (grantUid: string) => string;
  readonly waysTo: (grantUid: string) => Iterable<string>;
  readonly countHolder: (userUid: string, by: 1 | -1) => void;
}

/** The surroundings given by a store of objects and the platform's digests. */
export function surroundingsOf(
  store: PolicyStore,
  { digests, subjects }: { readonly digests: Digests; readonly subjects: Subjects },
  holders: Holders,
): PolicySurroundings {
  const cache = new Map<string, Uint8Array>();
  return {
    digests,
    subjectOf: (prefix, userUid) => {
      const user = store.users.get(userUid);
      return user === undefined ? undefined : subjects.of(prefix, user);
    },
    hasUser: (userUid) => store.users.has(userUid),
    digestOf: (subject) => {
      let digest = cache.get(subject);
      if (digest === undefined) {
        if (cache.size >= mostCachedDigests) cache.clear();
        digest = digests.sha256(digests.utf8(subject));
        cache.set(subject, digest);
      }
      return digest;
    },
    grantName: (grantUid) => store.compiled(grantUid)?.name ?? grantUid,
    waysTo: (grantUid) => {
      const grant = store.compiled(grantUid);
      return grant === undefined ? [] : waysTo(grant, store);
    },
    countHolder: (userUid, by) => holders.count(userUid, by),
  };
}
