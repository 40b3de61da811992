import { readFileSync } from 'node:fs';

/*
 * Preloaded into a program: its wall clock is off by as many milliseconds as the file says that AMBIT_TEST_CLOCK names. The file
 * is read again each time, so that a clock is set while the program runs.
 */
const path = process.env['AMBIT_TEST_CLOCK'] ?? '';
const now = Date.now.bind(Date);

Date.now = () => now() + Number(readFileSync(path, 'utf8'));
