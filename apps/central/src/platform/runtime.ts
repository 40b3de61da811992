import type { Clock, Ids, Logger } from '@ambit/kernel';
import type { Meters, Readiness, centralMetrics } from '@ambit/observability';
import type { Database, UnitOfWork } from '@ambit/persistence';
import type { CentralSettings } from '../config.ts';

/**
 * What is built before Nest starts and shared by every slice. Slices take the parts they need by these tokens; none of
 * them looks at the whole.
 */
export interface Runtime {
  readonly settings: CentralSettings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly database: Database;
  /** Only adds to the audit trail: for what agents report. */
  readonly auditDatabase: Database;
  readonly unitOfWork: UnitOfWork;
  readonly meters: Meters<typeof centralMetrics>;
  readonly readiness: Readiness;
}

/** Injection token of each part of the runtime. */
export const runtimeTokens = {
  settings: Symbol('settings'),
  logger: Symbol('logger'),
  clock: Symbol('clock'),
  ids: Symbol('ids'),
  database: Symbol('database'),
  auditDatabase: Symbol('auditDatabase'),
  unitOfWork: Symbol('unitOfWork'),
  meters: Symbol('meters'),
  readiness: Symbol('readiness'),
} as const satisfies Record<keyof Runtime, symbol>;
