import { AppError } from '@ambit/kernel';

type Params = Readonly<Record<string, string>>;

/** What no name, id or revision of ours holds and PostgreSQL cannot store. */
const unstorable = /[\p{Cc}\p{Cs}]/u;
const revision = /^(0|[1-9]\d{0,15})$/;

/** The parts of a path, decoded. Throws `invalid_path` for what nothing of ours could be called. */
export function checkedParams(params: Params): Params {
  for (const [name, value] of Object.entries(params)) {
    if (value === '' || value.length > 512 || unstorable.test(value))
      throw refused(name, 'It is empty, too long, or holds a character that no name of ours has.');
    if (name === 'revision' && !(revision.test(value) && Number.isSafeInteger(Number(value))))
      throw refused(name, 'A revision is a whole number below 2^53.');
  }
  return params;
}

const refused = (name: string, why: string): AppError =>
  new AppError('invalid_path', `The ${name} in the path is not valid.`, { why });
