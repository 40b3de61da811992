import {
  GroupName,
  problemItems,
  ServiceName,
  TeamName,
  UserName,
  type GrantSubjectWrite,
} from '@ambit/contracts';
import { AppError } from '@ambit/kernel';

const known =
  'A bare name is a user, group/NAME a group, team/NAME a team, service/NAME a service identity.';

/** `alice@acme.io` and `user/alice` are users, `group/sre` is a group, `team/payments` a team, `service/deploy` a service identity. Throws `usage`. */
export function parseSubject(text: string): GrantSubjectWrite {
  const slash = text.indexOf('/');
  const [kind, name] = slash < 0 ? ['user', text] : [text.slice(0, slash), text.slice(slash + 1)];
  if (kind === 'user') return { user: checked(UserName, name, text) };
  if (kind === 'group') return { group: checked(GroupName, name, text) };
  if (kind === 'team') return { team: checked(TeamName, name, text) };
  if (kind === 'service') return { service: checked(ServiceName, name, text) };
  throw new AppError('usage', `"${text}" is not a subject`, {
    hint: known,
  });
}

function checked(schema: typeof UserName, name: string, text: string): string {
  const parsed = schema.safeParse(name);
  if (parsed.success) return parsed.data;
  const [problem] = problemItems(parsed.error, schema, name);
  const near = problem?.didYouMean;
  throw new AppError('usage', problem?.message ?? `"${text}" is not a subject`, {
    hint: near === undefined ? known : `did you mean ${near}?`,
  });
}

/** The subject as the command takes it. */
export function subjectText({ user, group, service, team }: GrantSubjectWrite): string {
  if (team !== undefined) return `team/${team}`;
  if (service !== undefined) return `service/${service}`;
  return user ?? `group/${group ?? ''}`;
}
