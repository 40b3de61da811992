import { checkName, checkUserPrefix, type NamedKind } from '@ambit/domain';
import { z } from 'zod';

/** The schema of names of a kind: a wrong one is refused with what was probably meant instead of being folded. */
export function nameOf(kind: NamedKind) {
  return z
    .string()
    .superRefine((name, context) => {
      const problem = checkName(kind, name);
      if (problem === undefined) return;
      const { message, folded } = problem;
      context.addIssue({ code: 'custom', message, params: { didYouMean: folded } });
    })
    .meta(kind === 'User' ? userShape : labelShape);
}

const labelShape = { pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$', maxLength: 63 };
const userShape = { pattern: '^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$', maxLength: 253 };

/** Name of a user: like an RFC 1123 label, or e-mail-like, at most 253 characters. */
export const UserName = nameOf('User');
export type UserName = z.infer<typeof UserName>;

/** Names of groups, roles, grants, clusters and API tokens are RFC 1123 labels of at most 63 characters. */
export const GroupName = nameOf('Group');
export type GroupName = z.infer<typeof GroupName>;
export const RoleName = nameOf('Role');
export type RoleName = z.infer<typeof RoleName>;
export const GrantName = nameOf('Grant');
export type GrantName = z.infer<typeof GrantName>;
export const ClusterName = nameOf('Cluster');
export type ClusterName = z.infer<typeof ClusterName>;
export const TokenName = nameOf('Token');
export type TokenName = z.infer<typeof TokenName>;

/** Prefix of Kubernetes user names, such as `ambit:`; it ends with a colon. */
export const UserPrefix = z.string().superRefine((prefix, context) => {
  const problem = checkUserPrefix(prefix);
  if (problem === undefined) return;
  const { message, folded } = problem;
  context.addIssue({ code: 'custom', message, params: { didYouMean: folded } });
});
export type UserPrefix = z.infer<typeof UserPrefix>;

/** Name of a Kubernetes namespace. */
export const NamespaceName = z
  .string()
  .max(63, 'at most 63 characters')
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'the name of a namespace');
export type NamespaceName = z.infer<typeof NamespaceName>;

/** Name of an existing ClusterRole; never one of Kubernetes' own `system:` roles. */
export const ClusterRoleName = z
  .string()
  .min(1, 'must not be empty')
  .max(253, 'at most 253 characters')
  .regex(
    /^(?!system:)[A-Za-z0-9:._-]+$/,
    'the name of a ClusterRole; names beginning with "system:" are refused',
  );
export type ClusterRoleName = z.infer<typeof ClusterRoleName>;

/** UUID of an object, as central made it. */
export const Uid = z.uuid();
export type Uid = z.infer<typeof Uid>;

/** RFC 3339 with `Z` or an offset. */
export const Timestamp = z.iso.datetime({
  offset: true,
  error: 'a time by RFC 3339, such as 2027-06-30T00:00:00Z',
});
export type Timestamp = z.infer<typeof Timestamp>;
