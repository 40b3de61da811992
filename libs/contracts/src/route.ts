import type { Permission } from './permissions.ts';
import type { QuerySchemaName, RequestSchemaName, ResponseSchemaName } from './schemas.ts';

/** Every path stands below this. */
export const basePath = '/api/v1';

/** One operation of the REST API. `path` is relative to `basePath`; parameters stand in braces. */
export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly path: `/${string}`;
  readonly permission: Permission;
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
  /** With `dryRun=All` the answer is an ApplyResult. */
  readonly dryRun?: true;
}

/** Answer header with the revision a write made; what to wait for with `getRevisionStatus`. */
export const revisionHeader = 'ambit-revision';
/** Answer header with the id that logs and audit events carry. */
export const requestIdHeader = 'ambit-request-id';

/** The four operations every kind of policy object has. */
export const resourceRoutes = <
  P extends Resources,
  K extends 'User' | 'Group' | 'Role' | 'Grant' | 'Cluster',
>(
  plural: P,
  kind: K,
) =>
  ({
    list: {
      method: 'GET',
      path: `/${plural}`,
      permission: `${plural}:read`,
      summary: `List ${plural}.`,
      query: 'ListQuery',
      response: `${kind}List`,
      status: 200,
    },
    get: {
      method: 'GET',
      path: `/${plural}/{name}`,
      permission: `${plural}:read`,
      summary: `Read one of the ${plural}.`,
      query: 'NoQuery',
      response: kind,
      status: 200,
    },
    put: {
      method: 'PUT',
      path: `/${plural}/{name}`,
      permission: `${plural}:write`,
      summary: `Create or replace one of the ${plural}; If-Match and If-None-Match: * are honoured.`,
      query: 'WriteQuery',
      request: `${kind}Write`,
      response: kind,
      status: 200,
      dryRun: true,
    },
    delete: {
      method: 'DELETE',
      path: `/${plural}/{name}`,
      permission: `${plural}:write`,
      summary: `Delete one of the ${plural}; If-Match is honoured.`,
      query: 'WriteQuery',
      response: 'ApplyResult',
      status: 200,
      dryRun: true,
    },
  }) as const;

type Resources = 'users' | 'groups' | 'roles' | 'grants' | 'clusters';
