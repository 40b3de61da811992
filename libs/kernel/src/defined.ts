type Absent = null | undefined;
type MayLack<T> = { [K in keyof T]: Extract<T[K], Absent> extends never ? never : K }[keyof T];
type Defined<T> = { readonly [K in Exclude<keyof T, MayLack<T>>]: T[K] } & {
  readonly [K in MayLack<T>]?: Exclude<T[K], Absent>;
};

/** The same fields without those that are undefined or null: optional fields of ours are absent, never empty. */
export function defined<T extends object>(fields: T): Defined<T> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    const value = fields[key as keyof T];
    if (value !== undefined && value !== null) kept[key] = value;
  }
  return kept as Defined<T>;
}
