/** No token lasts longer. */
export const longestTokenMs = 3_600_000;

/**
 * Between the moment something ends that a token says and the one at which nobody is given such a token any more: a
 * replica may hear of it late.
 */
export const settlingSeconds = 10;
