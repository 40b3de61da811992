import { labelKeyProblem, labelValueProblem, nameLengths, namePatterns } from '@ambit/kernel';
import { z } from 'zod';
import { judged, Timestamp, Uid } from './names.ts';

/** `apiVersion` of every object and list. */
export const apiVersion = 'ambit.dev/v1';

export const ApiVersion = z.literal(apiVersion, { error: `must be ${apiVersion}` });
export type ApiVersion = z.infer<typeof ApiVersion>;

export const LabelKey = judged(labelKeyProblem, {
  pattern: namePatterns.labelKey,
  maxLength: nameLengths.labelKey,
});
export type LabelKey = z.infer<typeof LabelKey>;

export const LabelValue = judged(labelValueProblem, {
  pattern: namePatterns.labelValue,
  maxLength: nameLengths.labelValue,
});
export type LabelValue = z.infer<typeof LabelValue>;

/** Labels by Kubernetes' rules for keys and values; at most 64. */
export const Labels = z
  .record(LabelKey, LabelValue)
  .refine((labels) => Object.keys(labels).length <= 64, 'at most 64 labels');
export type Labels = z.infer<typeof Labels>;

/** Free text by key, at most 64 entries of 4096 characters. */
export const Annotations = z
  .record(LabelKey, z.string().max(4096, 'at most 4096 characters'))
  .refine((annotations) => Object.keys(annotations).length <= 64, 'at most 64 annotations');
export type Annotations = z.infer<typeof Annotations>;

/**
 * What a writer may say about an object. `uid` and `resourceVersion`, when given, are preconditions: the stored object
 * has to have them. `generation` and `creationTimestamp` are taken and ignored, so that what `get` printed can be applied.
 */
export const objectMetaFields = {
  labels: Labels.default({}),
  annotations: Annotations.default({}),
  uid: Uid.exactOptional(),
  resourceVersion: z
    .string()
    .regex(/^\d{1,16}$/, 'digits')
    .exactOptional(),
  generation: z.int().exactOptional(),
  creationTimestamp: Timestamp.exactOptional(),
};

/** Metadata as central answers it. `resourceVersion` is the revision of the last change, `generation` counts edits of the spec. */
export const objectMetaResponse = {
  uid: Uid,
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  generation: z.int(),
  resourceVersion: z.string(),
  creationTimestamp: Timestamp,
};

/** Metadata of an object in an answer. */
export const ObjectMeta = z.object({ name: z.string(), ...objectMetaResponse });
export type ObjectMeta = z.infer<typeof ObjectMeta>;

/** Metadata of a list: the revision it shows, and the cursor of the next page when there is one. */
export const ListMeta = z.object({ resourceVersion: z.string(), continue: z.string().optional() });
export type ListMeta = z.infer<typeof ListMeta>;

/** One observed fact with its reason; `lastTransitionTime` is when `status` last changed. */
export const Condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string().optional(),
  lastTransitionTime: Timestamp.optional(),
});
export type Condition = z.infer<typeof Condition>;

/** A list of `item` under the name `<kind>List`. */
export function listOf<K extends string, T extends z.ZodType>(kind: K, item: T) {
  return z.object({
    apiVersion: ApiVersion,
    kind: z.literal(`${kind}List` as const),
    metadata: ListMeta,
    items: z.array(item),
  });
}
