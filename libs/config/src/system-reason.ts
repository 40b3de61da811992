/** The code of a failed system call, such as ENOENT. */
export function systemReason(error: unknown): string {
  // By shape and not by instanceof: errors of Node's own modules may come from another realm.
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' && code !== '' ? code : String(error);
}
