import type { ColumnOptions } from 'typeorm';

/** timestamptz in the database, milliseconds since 1970 in the program. */
export const millis: ColumnOptions = {
  type: 'timestamptz',
  transformer: {
    to: (value: number | null | undefined) => (typeof value === 'number' ? new Date(value) : value),
    from: (value: Date | null) => value?.getTime() ?? null,
  },
};

/** bigint in the database, a number in the program: epochs and revisions stay far below 2^53. */
export const bigintNumber: ColumnOptions = {
  type: 'bigint',
  transformer: {
    to: (value: number | null | undefined) => value,
    from: (value: string | number | null) => (value === null ? null : Number(value)),
  },
};
