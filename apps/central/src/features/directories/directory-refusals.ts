import { AppError } from '@ambit/kernel';

/** Fields of what directories say, as every way in names them. */
export type DirectoryField = 'userName' | 'displayName' | 'externalId' | 'members';

/** What a directory said cannot be taken as it stands; `field` says which part. */
export const unfitFor = (field: DirectoryField, message: string, hint: string): AppError =>
  new AppError('invalid_request', message, {
    hint,
    errors: [{ pointer: `/${field}`, message }],
  });

/** Somebody else has a name or an id already. */
export const notUnique = (message: string, why?: string): AppError =>
  new AppError('already_exists', message, why === undefined ? {} : { why });
