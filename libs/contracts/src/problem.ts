import { z } from 'zod';

/** One faulty place: `document` counts from 0, `pointer` is an RFC 6901 JSON pointer. */
export const ProblemItem = z.object({
  message: z.string(),
  document: z.int().optional(),
  pointer: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  didYouMean: z.string().optional(),
});
export type ProblemItem = z.infer<typeof ProblemItem>;

/**
 * Every error answer, `application/problem+json` (RFC 9457). `code` is one of `errorKinds` of `@ambit/kernel` and never renamed;
 * a client takes an unknown code by its `status`. A 403 names the missing permission in `details.missing`.
 */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  why: z.string().optional(),
  errors: z.array(ProblemItem).optional(),
  hint: z.string().optional(),
  nextCommand: z.string().optional(),
  requestId: z.string(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Content type of a Problem. */
export const problemContentType = 'application/problem+json';
