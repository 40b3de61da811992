import { z } from 'zod';

/** Query of every list: page size (1 to 500), cursor of the page before, label selector, and text to look for in names. */
export const ListQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
  labelSelector: z.string().max(4096).exactOptional(),
  q: z.string().max(256).exactOptional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

/** Query of lists without labels. */
export const PageQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  continue: z.string().max(1024).exactOptional(),
});
export type PageQuery = z.infer<typeof PageQuery>;

/** Digest of a dry run: says that the caller saw what is taken away. */
export const ConfirmRemovals = z
  .string()
  .regex(/^[0-9a-z]{8,128}$/, 'the digest that the dry run printed');
export type ConfirmRemovals = z.infer<typeof ConfirmRemovals>;

/**
 * Query of every PUT and DELETE of a policy object. `dryRun=All` answers an ApplyResult and stores nothing;
 * `confirmRemovals` carries the digest of such a dry run past the removal guard.
 */
export const WriteQuery = z.strictObject({
  dryRun: z.literal('All').exactOptional(),
  confirmRemovals: ConfirmRemovals.exactOptional(),
});
export type WriteQuery = z.infer<typeof WriteQuery>;

/** Query of routes that take none. */
export const NoQuery = z.strictObject({});
export type NoQuery = z.infer<typeof NoQuery>;
