/** A set of uids that nearly always holds one: a `Set` for each would triple the memory of a policy. */
export type Uids = string | Set<string> | undefined;

const none: readonly string[] = [];

/** The uids in it, in the order they came. */
export const uidsIn = (uids: Uids): Iterable<string> =>
  typeof uids === 'string' ? [uids] : (uids ?? none);

export const countUids = (uids: Uids): number => (typeof uids === 'string' ? 1 : (uids?.size ?? 0));

export const hasUid = (uids: Uids, uid: string): boolean =>
  typeof uids === 'string' ? uids === uid : (uids?.has(uid) ?? false);

/** The set with the uid: the same `Set`, changed, where there is one. */
export function withUid(uids: Uids, uid: string): Uids {
  if (uids === undefined || uids === uid) return uid;
  return typeof uids === 'string' ? new Set([uids, uid]) : uids.add(uid);
}

/** The set without the uid: the same `Set`, changed, where two or more are left. */
export function withoutUid(uids: Uids, uid: string): Uids {
  if (uids === undefined || uids === uid) return undefined;
  if (typeof uids === 'string') return uids;
  uids.delete(uid);
  const [only] = uids;
  return uids.size === 1 ? only : uids;
}
