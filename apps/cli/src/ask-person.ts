import { createInterface } from 'node:readline/promises';

/** Reads one line from the person at the terminal; the question goes to stderr. */
export async function askPerson(question: string): Promise<string> {
  process.stderr.write(question);
  const reader = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
  });
  try {
    return await reader.question('');
  } finally {
    reader.close();
  }
}
