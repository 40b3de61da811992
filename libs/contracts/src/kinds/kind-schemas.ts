import { policyKinds, type PolicyKindName, type PolicyKindOf } from './policy-kinds.ts';

type WriteSchemas = { readonly [N in PolicyKindName as `${N}Write`]: PolicyKindOf<N>['write'] };
type ReadSchemas = { readonly [N in PolicyKindName]: PolicyKindOf<N>['read'] };
type ListSchemas = { readonly [N in PolicyKindName as `${N}List`]: PolicyKindOf<N>['list'] };

/** `UserWrite` and the like: each kind as it is written. */
export const writeSchemas = Object.fromEntries(
  policyKinds.map(({ kind, write }) => [`${kind}Write`, write]),
) as unknown as WriteSchemas;

/** `User`, `UserList` and the like: each kind as it is answered. */
export const objectSchemas = Object.fromEntries(
  policyKinds.flatMap(({ kind, read, list }) => [
    [kind, read],
    [`${kind}List`, list],
  ]),
) as unknown as ReadSchemas & ListSchemas;
