import { AppError } from '@ambit/kernel';

const ofOne: ReadonlySet<AppError['code']> = new Set([
  'already_exists',
  'group_closed',
  'invalid_request',
  'not_found',
  'invalid_name',
  'last_admin',
]);

/** What concerns one entry alone, whatever is tried around it. Throws everything else. */
export function requireRefusal(error: unknown): AppError {
  if (error instanceof AppError && ofOne.has(error.code)) return error;
  throw error;
}
