import type { z } from 'zod';

/** The parts of a zod schema's definition that lead further down. */
interface Definition {
  readonly type: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
}

function definition(schema: z.ZodType): Definition {
  return schema.def as unknown as Definition;
}

const wrappers = new Set([
  'optional',
  'nullable',
  'default',
  'prefault',
  'readonly',
  'nonoptional',
]);

function unwrap(schema: z.ZodType): z.ZodType {
  const { type, innerType } = definition(schema);
  return wrappers.has(type) && innerType !== undefined ? unwrap(innerType) : schema;
}

/** Wrappers taken off, and of a discriminated union the member that `value` says it is. */
export function narrowSchema(schema: z.ZodType, value: unknown): z.ZodType | undefined {
  const plain = unwrap(schema);
  const { type, options, discriminator } = definition(plain);
  if (type !== 'union') return plain;
  if (discriminator === undefined || typeof value !== 'object' || value === null) return undefined;
  const chosen = (value as Record<string, unknown>)[discriminator];
  return options?.find((option) => {
    const key = definition(option).shape?.[discriminator];
    return key?.safeParse(chosen).success === true;
  });
}

/** Schema of one step below `schema`; `value` is what stands at `schema`. */
export function childSchema(
  schema: z.ZodType | undefined,
  step: PropertyKey,
  value: unknown,
): z.ZodType | undefined {
  if (schema === undefined) return undefined;
  const plain = narrowSchema(schema, value);
  if (plain === undefined) return undefined;
  const { shape, element, valueType } = definition(plain);
  if (shape !== undefined) return Object.hasOwn(shape, step) ? shape[String(step)] : undefined;
  return element ?? valueType;
}

/** Fields an object schema knows; none for anything else. */
export function fieldNames(schema: z.ZodType | undefined): string[] {
  return schema === undefined ? [] : Object.keys(definition(unwrap(schema)).shape ?? {});
}
