import type { Permission } from './permissions.ts';
import type { QuerySchemaName, RequestSchemaName, ResponseSchemaName } from './schemas.ts';

/** Every path stands below this. */
export const basePath = '/api/v1';

/** One operation of the REST API. `path` is relative to `basePath`; parameters stand in braces. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: `/${string}`;
  /** `anyone`: no credential is asked for, because it gives one; the check of routes has the list of these. */
  readonly permission: Permission | 'anyone';
  readonly summary: string;
  readonly query: QuerySchemaName;
  readonly request?: RequestSchemaName;
  readonly response: ResponseSchemaName;
  /** Status of success; a PUT that creates answers 201. */
  readonly status: 200 | 201 | 202;
  /** The call can stay open: its answer is held back, or goes on as a stream. Then it ends with its credential. */
  readonly waits?: {
    readonly as: 'answer' | 'stream';
    /** The field of the query that asks for it. */
    readonly when: string;
  };
  /** Those who look after a team may call it too: it knows what is theirs, and does nothing beyond. */
  readonly ofTeams?: true;
  /** With `dryRun=All` the answer is an ApplyResult. */
  readonly dryRun?: true;
}

/** Answer header with the revision a write made; what to wait for with `getRevisionStatus`. */
export const revisionHeader = 'ambit-revision';
/** Answer header with the id that logs and audit events carry. */
export const requestIdHeader = 'ambit-request-id';
