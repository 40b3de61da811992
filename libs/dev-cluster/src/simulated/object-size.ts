import type { ApiObject } from './api-object.ts';
import { StatusError } from './status-error.ts';

/** etcd's `--max-request-bytes`. */
const etcdLimitBytes = 1.5 * 1024 * 1024;

/** Refuses as etcd does, through an API server that has no reason for it. */
export function refuseTooLarge(object: ApiObject): void {
  if (storedBytes(object) > etcdLimitBytes) {
    throw new StatusError({ code: 500, message: 'etcdserver: request is too large' });
  }
}

/** About the size as protobuf, where members have numbers for names: each text with two bytes in front, and four for what holds them. */
function storedBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value) + 2;
  if (typeof value !== 'object' || value === null) return 2;
  let size = 4;
  for (const member of Object.values(value)) size += storedBytes(member);
  return size;
}
