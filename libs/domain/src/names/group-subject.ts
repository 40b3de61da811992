/** No name of a person or a service identity begins so, so that none of them is the name of a group too. */
const prefix = 'group:';

/** What a group is called in clusters whose bindings name groups, behind the prefix of all our names: `group:payments`. */
export const groupSubject = (group: string): string => `${prefix}${group}`;
