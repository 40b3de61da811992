import { delegationKind, type Delegation } from '@ambit/contracts';
import { kindView } from './kind-view.ts';

const subjectsOf = ({ spec }: Delegation): string[] =>
  spec.subjects.map((subject) => {
    const [[kind, name] = []] = Object.entries(subject);
    return `${kind}/${name}`;
  });

export const delegationView = kindView<Delegation>({
  contract: delegationKind,
  columns: () => [
    { title: 'ROLE', value: ({ spec }) => spec.role },
    { title: 'SUBJECTS', value: (object) => subjectsOf(object).join(', '), flexible: true },
  ],
  lines: (object) => [
    ['Role', object.spec.role],
    ['Subjects', subjectsOf(object)],
    ['Directory may change them', object.spec.allowDirectory === true ? 'yes' : ''],
  ],
});
