/* Who may do what: questions, and what is answered to them. */
export * from './access.ts';
export * from './effective-access.ts';
export * from './unmanaged.ts';
