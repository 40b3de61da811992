import { z } from 'zod';
import { listOf } from './metadata.ts';

/** What a binding that is not ours says of a subject, as Kubernetes has it. */
export const UnmanagedBindingSubject = z.object({
  kind: z.enum(['User', 'Group', 'ServiceAccount']),
  /** Of a ServiceAccount. */
  namespace: z.string().optional(),
  name: z.string(),
});
export type UnmanagedBindingSubject = z.infer<typeof UnmanagedBindingSubject>;

const Rule = z.object({
  apiGroups: z.array(z.string()).optional(),
  resources: z.array(z.string()).optional(),
  resourceNames: z.array(z.string()).optional(),
  nonResourceURLs: z.array(z.string()).optional(),
  verbs: z.array(z.string()),
});

/** A binding in a cluster that is not ours, as its agent last told it. Every text in it is that of the cluster. */
export const UnmanagedBindingItem = z.object({
  kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
  /** Of a RoleBinding. */
  namespace: z.string().optional(),
  name: z.string(),
  role: z.object({
    kind: z.enum(['Role', 'ClusterRole']),
    name: z.string(),
    /** False: there is no role of that name, so the binding gives nothing. */
    exists: z.boolean(),
    /** Only when asked for, and when they are not too many to be told. */
    rules: z.array(Rule).optional(),
  }),
  subjects: z.array(UnmanagedBindingSubject),
  /** Subjects beyond those listed. */
  moreSubjects: z.int().optional(),
  /** Who says by labels and annotations that it is theirs, as `Helm release shop/api`. */
  owner: z.string().optional(),
  /** Who wrote into it, as the API server notes it. */
  fieldManagers: z.array(z.string()),
  /** Kubernetes itself put it there. */
  system: z.boolean(),
});
export type UnmanagedBindingItem = z.infer<typeof UnmanagedBindingItem>;

/** Sorted by kind, namespace and name. */
export const UnmanagedBindingList = listOf('UnmanagedBinding', UnmanagedBindingItem).extend({
  /** Bindings that the agent left out because there are too many; absent: it never told of any. */
  leftOut: z.int().optional(),
});
export type UnmanagedBindingList = z.infer<typeof UnmanagedBindingList>;

const yesOrNo = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Query of GET clusters/{name}/unmanaged. What is absent selects nothing. */
export const UnmanagedQuery = z.strictObject({
  /** The name of a subject as the binding has it. */
  subject: z.string().min(1).max(256).exactOptional(),
  /** `ClusterRole/NAME`, `Role/NAME`, or the name alone. */
  role: z.string().min(1).max(300).exactOptional(),
  namespace: z.string().min(1).max(256).exactOptional(),
  /** Only what Kubernetes itself put there, or only the rest. */
  system: yesOrNo.exactOptional(),
  /** With the rules of the roles. */
  rules: yesOrNo.exactOptional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
});
export type UnmanagedQuery = z.infer<typeof UnmanagedQuery>;
