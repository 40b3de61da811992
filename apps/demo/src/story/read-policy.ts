import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkPolicyDocument, type PolicyDocument } from '@ambit/contracts';
import { AppError } from '@ambit/kernel';
import { parseAllDocuments } from 'yaml';

/** Every object of the YAML files of a folder. Throws `invalid_policy` for the first that is not sound. */
export async function readPolicy(folder: string): Promise<PolicyDocument[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml')).toSorted();
  const objects: PolicyDocument[] = [];
  for (const file of files) {
    const documents = parseAllDocuments(await readFile(join(folder, file), 'utf8'));
    for (const document of 'empty' in documents ? [] : documents) {
      const checked = checkPolicyDocument(document.toJS());
      if (!checked.ok) {
        throw new AppError('invalid_policy', `${file} is not sound.`, { errors: checked.problems });
      }
      objects.push(checked.object);
    }
  }
  return objects;
}
