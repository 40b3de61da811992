/** Variables of a process, by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Takes a variable away, once what it held is of no more use: what this process starts later does not inherit it. */
export function forgetVariable(name: string): void {
  delete process.env[name];
}

/** A frozen copy of this process's variables: what programs pass on instead of reading the process themselves. */
export function processEnvironment(): Environment {
  return Object.freeze({ ...process.env });
}
