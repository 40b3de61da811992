/** No token lasts longer. */
export const longestTokenMs = 3_600_000;

/**
 * Between the moment something ends that a token says and the one at which nobody is given such a token any more. Both are
 * by the clock of the database, which a replica knows to a second; what ended is looked for in the database before a token
 * leaves, so that no more than the making of a commit lies between, for which there are five seconds and more.
 */
export const settlingSeconds = 10;
