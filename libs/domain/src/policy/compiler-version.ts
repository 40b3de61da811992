/**
 * Version of the mapping from policy to entries. Raise it whenever the same policy would compile to other entries:
 * a replica that starts with a higher one gives the policy a new revision.
 */
export const compilerVersion = 5;
