import { AppError } from '@ambit/kernel';
import type { Codec } from './codec.ts';

/** What only a newer version can have put there. */
export function newer(what: string): AppError {
  return new AppError('unsupported_field', `${what} is not known to this version`);
}

/** What grants is taken only when all of it is understood: an unknown field may narrow it. Throws `unsupported_field`. */
export function whole<T>(codec: Codec<T>, body: Uint8Array): T {
  const unknown = codec.unknownField(body);
  if (unknown !== undefined) throw newer(`the field ${unknown}`);
  return codec.decode(body);
}

/** The body is not one of its section. */
export function unreadable(key: string, why: string): AppError {
  return new AppError('invalid_request', `The entry ${key} cannot be read: ${why}.`);
}

/** The value of a field that an entry has to have. Throws `invalid_request`. */
export function required(key: string, field: string, value: string | undefined): string {
  if (value === undefined || value === '') throw unreadable(key, `${field} is missing`);
  return value;
}
