/** Something that answers SQL: the pool (each statement alone) or one transaction. Failures are `AppError`s. */
export interface Sql {
  query<R>(text: string, values?: readonly unknown[]): Promise<R[]>;
}

/** Exactly the first row. For statements that always give one. */
export async function one<R>(sql: Sql, text: string, values?: readonly unknown[]): Promise<R> {
  const [row] = await sql.query<R>(text, values);
  if (row === undefined) throw new Error('the statement gave no row');
  return row;
}
