import { printableLines } from '@ambit/kernel';
import type { LogFields, Logger } from '@ambit/kernel';
import { destination as fileDestination, pino, stdTimeFunctions } from 'pino';
import type { Logger as PinoLogger } from 'pino';
import { readableLine } from './readable-line.ts';
import { redactFields, redactText } from './redact.ts';

/** Levels from most to least; `silent` writes nothing. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** `json` is one object a line; `text` is for people; `auto` is text on a terminal and json elsewhere. */
export const logFormats = ['auto', 'json', 'text'] as const;
export type LogFormat = (typeof logFormats)[number];

export interface LoggerOptions {
  /** The program, in every line. */
  readonly name: string;
  readonly level?: LogLevel;
  readonly format?: LogFormat;
  /** Where lines go; standard error when absent, because standard output belongs to answers. */
  readonly destination?: { write(line: string): unknown };
}

/**
 * A logger whose lines hold no secret: fields are redacted by name and by shape, messages by shape. Lines are written
 * before the call returns, so the last words of a dying process are not lost.
 */
export function createLogger(options: LoggerOptions): Logger {
  const { name, level = 'info', format = 'auto', destination } = options;
  const sink = destination ?? standardError();
  const readable =
    format === 'text' ||
    (format === 'auto' && destination === undefined && process.stderr.isTTY === true);
  // JSON reads the escapes back; a terminal that shows the line acts on none of it.
  const shown = readable ? readableLine : printableLines;
  const stream = { write: (line: string) => sink.write(shown(line)) };
  const settings = {
    level,
    base: { name },
    messageKey: 'message',
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return adapt(pino(settings, stream));
}

/** A full disk or a reader that went away costs lines, never the program; a little is kept for when there is room again. */
function standardError(): { write(line: string): unknown } {
  const sink = fileDestination({ dest: 2, sync: true, maxLength: 65_536 });
  sink.on('error', () => undefined);
  return sink;
}

/** A logger that writes nothing. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

type Written = Exclude<LogLevel, 'silent'>;

function adapt(target: PinoLogger): Logger {
  const write = (level: Written, message: string, fields: LogFields | undefined): void => {
    if (!target.isLevelEnabled(level)) return;
    target[level](fields === undefined ? {} : redactFields(fields), redactText(message));
  };
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
    child: (fields) => adapt(target.child(redactFields(fields))),
  };
}
