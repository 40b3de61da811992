import { AppError } from '@ambit/kernel';

interface Facts {
  readonly code: string;
  readonly message: string;
  readonly constraint: string;
}

function factsOf(error: unknown): Facts {
  const inner = error as { driverError?: unknown } | null;
  const source = (inner?.driverError ?? error) as Partial<Facts> | null;
  return {
    code: typeof source?.code === 'string' ? source.code : '',
    message: typeof source?.message === 'string' ? source.message : '',
    constraint: typeof source?.constraint === 'string' ? source.constraint : '',
  };
}

/** The other side is not who it should be, or speaks no TLS: nothing was told to it. */
const tlsCode =
  /^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;
const tlsText =
  /does not support SSL connections|There was an error establishing an SSL connection/i;
const gone =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|08|57P0|53[023]|28|3D000)/;
// TypeORM gives a connection that broke back by itself; what comes after finds the runner "already released".
const goneText =
  /already released|connection terminated|client has encountered a connection error|timeout exceeded when trying to connect|not queryable|client was closed|Cannot use a pool|Connection ended/i;

/** True when the same transaction may succeed when it is run again: deadlock, serialization failure, lock not had in time. */
export function isTransient(error: unknown): boolean {
  return ['40001', '40P01', '55P03'].includes(factsOf(error).code);
}

/**
 * True when a transaction that was worked out beforehand fails because what it was worked out from is no longer so: a
 * row moved on (division by zero, as `holdStatement` says), a name was taken, a reference is gone, or others held locks.
 */
export function isMoved(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error;
  return ['22012', '23505', '23503', '23502'].includes(factsOf(cause).code) || isTransient(cause);
}

/** True when TLS kept us from the database: a certificate of somebody else, or none. */
export function isDistrust(error: unknown): boolean {
  const { code, message } = factsOf(error);
  return tlsCode.test(code) || tlsText.test(message);
}

function unavailable(cause: unknown): AppError {
  return new AppError('database_unavailable', 'The database cannot be reached at the moment.', {
    hint: 'The connection is made again by itself. Repeat the request in a moment; look first, a change that was under way may have been made.',
    cause,
  });
}

function frozen(cause: unknown): AppError {
  return new AppError('state_ahead', 'No change is taken until the state epoch is raised.', {
    nextCommand: 'ambit-central epoch raise',
    cause,
  });
}

function malformed(cause: unknown): AppError {
  return new AppError('invalid_request', 'A value in the request has the wrong form.', { cause });
}

const byCode: Readonly<Record<string, (cause: unknown) => AppError>> = {
  '57014': (cause) => new AppError('timed_out', 'The database took too long for this.', { cause }),
  '25P03': (cause) => new AppError('timed_out', 'The database took too long for this.', { cause }),
  '25006': unavailable,
  '40001': (cause) =>
    new AppError('database_unavailable', 'Too many changes at once; try again.', { cause }),
  '40P01': (cause) =>
    new AppError('database_unavailable', 'Too many changes at once; try again.', { cause }),
  '55P03': (cause) =>
    new AppError('database_unavailable', 'Too many changes at once; try again.', { cause }),
  '53100': (cause) => new AppError('storage_full', 'The disk of the database is full.', { cause }),
  '23505': (cause) =>
    new AppError('already_exists', 'Something of that name exists already.', { cause }),
  '23503': (cause) =>
    new AppError('not_found', 'Something this refers to was removed at the same moment.', {
      hint: 'Look at the objects it names, then try again.',
      cause,
    }),
  '22P02': malformed,
  '22003': malformed,
  '22007': malformed,
  '22008': malformed,
  '22023': malformed,
  '42501': (cause) =>
    new AppError('not_ready', 'The role that this program has in the database may not do this.', {
      hint: 'The database is not made ready for this release: run "ambit-central migrate" as its owner, which gives the rights too.',
      nextCommand: 'ambit-central migrate',
      cause,
    }),
  '22021': (cause) =>
    new AppError('invalid_request', 'The text holds a character that cannot be stored.', { cause }),
  '22P05': (cause) =>
    new AppError('invalid_request', 'The text holds a character that cannot be stored.', { cause }),
};

/** What the database said, in the caller's words. An `AppError` stays as it is; what we do not know becomes `internal`. */
export function databaseError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const { code, message, constraint } = factsOf(error);
  if (constraint === 'policy_head_state_ahead') return frozen(error);
  const known = byCode[code];
  if (known !== undefined) return known(error);
  if (isDistrust(error)) return unavailable(error);
  if (gone.test(code) || goneText.test(message)) return unavailable(error);
  return new AppError('internal', 'Something went wrong on our side.', { cause: error });
}

const passing = new Set(['database_unavailable', 'timed_out', 'storage_full']);

/** True when the database refused what was written, and would again; false when it could not be asked. */
export function isRowRefused(error: unknown): boolean {
  return !(error instanceof AppError && passing.has(error.code));
}
