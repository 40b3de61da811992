import { delegationKind, type Delegation } from '@ambit/contracts';
import { kindView } from './kind-view.ts';

const subjectsOf = ({ spec }: Delegation): string[] =>
  spec.subjects.map((subject) => {
    const [[kind, name] = []] = Object.entries(subject);
    return `${kind}/${name}`;
  });

const roleText = ({ role, team }: Delegation['spec']): string =>
  team === undefined ? role : `${role} of team/${team}`;

export const delegationView = kindView<Delegation>({
  contract: delegationKind,
  columns: () => [
    { title: 'ROLE', value: ({ spec }) => roleText(spec) },
    { title: 'SUBJECTS', value: (object) => subjectsOf(object).join(', '), flexible: true },
  ],
  lines: (object) => [
    ['Role', roleText(object.spec)],
    ['Subjects', subjectsOf(object)],
    ['Directory may change them', object.spec.allowDirectory === true ? 'yes' : ''],
  ],
});
