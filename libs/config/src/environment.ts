/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A frozen copy of this process's variables: what programs pass on instead of reading the process themselves. */
export function processEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}
