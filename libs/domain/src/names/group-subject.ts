/** No name of a person or a service identity begins so, so that none of them is the name of a group too. */
const prefix = 'group:';

/** What a group is called in clusters whose bindings name groups, behind the prefix of all our names: `group:payments`. */
export const groupSubject = (group: string): string => `${prefix}${group}`;

/** The group of a subject that names one, whatever stands before it: there is no colon in the name of a group. */
export const groupOfSubject = (subject: string): string =>
  subject.slice(subject.lastIndexOf(':') + 1);
