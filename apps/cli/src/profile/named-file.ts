import { readText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { maxInputBytes } from '../terminal.ts';

/** The text of a file that a flag or variable names. Throws `usage`. */
export async function readNamed(path: string): Promise<string> {
  const file = await readText(path, { maxBytes: maxInputBytes });
  if (file.ok) return file.text;
  throw new AppError('usage', `cannot read ${path}`, { why: file.reason });
}
