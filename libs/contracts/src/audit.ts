import { auditEventTypes, suspicions } from '@ambit/domain';
import { z } from 'zod';
import { ApiVersion } from './metadata.ts';
import { ClusterName, GrantName, Timestamp } from './names.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/**
 * What happened, once; the wire form of `AuditEvent` of `@ambit/domain`. `reportedBy` says whose word it is, `central` or
 * `agent/CLUSTER` (`unknown` for what a version before this one stored), and `receivedAt` when central stored it; only a
 * central of an older version leaves them out.
 */
export const AuditEventRecord = z.object({
  id: z.string(),
  time: Timestamp,
  type: z.enum(auditEventTypes),
  actor: z.object({
    kind: z.enum(['token', 'user', 'service', 'agent', 'system', 'kubernetes', 'anonymous']),
    name: z.string(),
    session: z.string().optional(),
  }),
  message: z.string(),
  cluster: z.string().optional(),
  object: z
    .object({
      kind: z.string(),
      name: z.string(),
      uid: z.string().optional(),
      namespace: z.string().optional(),
    })
    .optional(),
  subjects: z.array(z.string()).optional(),
  grants: z.array(z.string()).optional(),
  revision: z.int().optional(),
  result: z.object({ code: z.string(), message: z.string().optional() }).optional(),
  requestId: z.string().optional(),
  details: z.record(z.string(), z.union([scalar, z.array(z.string())])).optional(),
  reportedBy: z.string().optional(),
  receivedAt: Timestamp.optional(),
  /** What of it central found implausible; what the agent claimed stands in `details.observed…`. */
  suspect: z.array(z.enum(suspicions)).optional(),
});
export type AuditEventRecord = z.infer<typeof AuditEventRecord>;

/** An event as an agent of any version sends it: nothing of it is believed before it was looked at. */
export const ReportedAuditEvent = AuditEventRecord.omit({
  reportedBy: true,
  receivedAt: true,
  suspect: true,
}).extend({
  type: z.string().max(64),
  time: z.string(),
  actor: z.object({ kind: z.string(), name: z.string() }),
  revision: z.number().optional(),
});
export type ReportedAuditEvent = z.infer<typeof ReportedAuditEvent>;

const typePattern = /^[a-z_]+\.([a-z_]+|\*)(,[a-z_]+\.([a-z_]+|\*))*$/;

/**
 * Query of GET audit/events. `type` is a comma-separated list of types, `grant.*` for a family. `since` is inclusive, `until` exclusive,
 * both by the time at which central stored the event.
 * `user` finds events about a person (as a subject or as the object), `actor` those somebody caused, such as `token/ci`.
 * With `watch=true` the answer is an SSE stream: `event: audit`, `id:` a cursor, `data:` one AuditEventRecord; it begins after
 * the cursor in `Last-Event-ID` (or `continue`), else with events committed from now on, and sends a comment every 15 s.
 * A stream that central ends closes with `event: problem`, `data:` one Problem: the token is over (401), the reader is
 * too slow (429), or nobody can say whether the token still holds (503); the latter two go on after their last id. An invalid cursor is answered 422, never skipped over.
 */
export const AuditQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
  since: Timestamp.exactOptional(),
  until: Timestamp.exactOptional(),
  user: z.string().max(316).exactOptional(),
  actor: z.string().max(316).exactOptional(),
  cluster: ClusterName.exactOptional(),
  grant: GrantName.exactOptional(),
  q: z.string().max(256).exactOptional(),
  type: z
    .string()
    .max(1024)
    .regex(typePattern, 'types such as grant.created,grant.*')
    .exactOptional(),
  watch: z.literal('true').exactOptional(),
});
export type AuditQuery = z.infer<typeof AuditQuery>;

/**
 * Newest first. `metadata.continue` leads to older events; `metadata.resumeAfter` is the cursor after which a watch
 * goes on without a gap or a repetition behind the newest event that was readable at the time of the answer.
 * A search for text (`q`) looks through at most 5,000 events a page, those of the time, or through 1,000 of an actor, of a cluster or
 * of one type: then a page may have fewer items than `limit`, or none, and `continue` all the same, and `metadata.searchedTo` says how
 * far back it looked.
 */
export const AuditEventList = z.object({
  apiVersion: ApiVersion,
  kind: z.literal('AuditEventList'),
  metadata: z.object({
    continue: z.string().optional(),
    searchedTo: Timestamp.optional(),
    resumeAfter: z.string(),
  }),
  items: z.array(AuditEventRecord),
});
export type AuditEventList = z.infer<typeof AuditEventList>;
