import { checkName, checkUserPrefix, type NamedKind } from '@ambit/domain';
import { nameLengths, namePatterns, namespaceNameProblem, readInstant } from '@ambit/kernel';
import { rbacNameProblem } from '@ambit/rbac';
import { z } from 'zod';

/** The schema of names of a kind: a wrong one is refused with what was probably meant instead of being folded. */
export function nameOf(kind: NamedKind) {
  return z
    .string()
    .check(({ value, issues }) => {
      const problem = checkName(kind, value);
      if (problem === undefined) return;
      const { message, folded } = problem;
      issues.push({ code: 'custom', input: value, message, params: { didYouMean: folded } });
    })
    .meta(kind === 'User' ? userShape : labelShape);
}

const labelShape = { pattern: namePatterns.dnsLabel, maxLength: nameLengths.dnsLabel };
const userShape = { pattern: '^[a-z0-9]([a-z0-9._@+-]*[a-z0-9])?$', maxLength: 253 };

/** Name of a user: like an RFC 1123 label, or e-mail-like, at most 253 characters. */
export const UserName = nameOf('User');
export type UserName = z.infer<typeof UserName>;

/** Names of groups, roles, grants, clusters, service identities and API tokens are RFC 1123 labels of at most 63 characters. */
export const GroupName = nameOf('Group');
export type GroupName = z.infer<typeof GroupName>;
export const RoleName = nameOf('Role');
export type RoleName = z.infer<typeof RoleName>;
export const GrantName = nameOf('Grant');
export type GrantName = z.infer<typeof GrantName>;
export const ClusterName = nameOf('Cluster');
export type ClusterName = z.infer<typeof ClusterName>;
export const ServiceName = nameOf('ServiceIdentity');
export const TeamName = nameOf('Team');
export const ProfileName = nameOf('NamespaceProfile');
export type ServiceName = z.infer<typeof ServiceName>;
export const TokenName = nameOf('Token');
export type TokenName = z.infer<typeof TokenName>;

/** A text of which a rule says what is wrong; `shape` is what documents can say of it. */
export function judged(
  problemOf: (text: string) => string | undefined,
  shape: Record<string, unknown>,
) {
  return z
    .string()
    .check(({ value, issues }) => {
      const message = problemOf(value);
      if (message !== undefined) issues.push({ code: 'custom', input: value, message });
    })
    .meta(shape);
}

const prefixed = (what: string, problem: string | undefined): string | undefined =>
  problem === undefined ? undefined : `${what} ${problem}`;

/** Kubernetes has no limit of its own; the largest that fits into what travels to agents with room to spare. */
const longestRoleName = 1024;

/** Prefix of Kubernetes user names, such as `ambit:`; it ends with a colon. */
export const UserPrefix = z.string().superRefine((prefix, context) => {
  const problem = checkUserPrefix(prefix);
  if (problem === undefined) return;
  const { message, folded } = problem;
  context.addIssue({ code: 'custom', message, params: { didYouMean: folded } });
});
export type UserPrefix = z.infer<typeof UserPrefix>;

/** Name of a Kubernetes namespace. */
export const NamespaceName = judged(
  (name) => prefixed('the name of a namespace', namespaceNameProblem(name)),
  labelShape,
);
export type NamespaceName = z.infer<typeof NamespaceName>;

/** Name of an existing ClusterRole: what Kubernetes takes. Which of them may be bound, a cluster's ceiling says. */
export const ClusterRoleName = judged(
  (name) =>
    name.length > longestRoleName
      ? `at most ${longestRoleName} characters`
      : prefixed('the name of a ClusterRole', rbacNameProblem(name)),
  { minLength: 1, maxLength: longestRoleName },
);
export type ClusterRoleName = z.infer<typeof ClusterRoleName>;

/** UUID of an object, as central made it. */
export const Uid = z.uuid();
export type Uid = z.infer<typeof Uid>;

/** RFC 3339 with `Z` or an offset. */
export const Timestamp = judged(
  (text) => {
    const read = readInstant(text);
    return read.ok ? undefined : `${text.slice(0, 40)} ${read.problem}`;
  },
  { format: 'date-time' },
);
export type Timestamp = z.infer<typeof Timestamp>;
