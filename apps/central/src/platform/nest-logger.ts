import type { LoggerService } from '@nestjs/common';
import type { Logger } from '@ambit/kernel';

/** Nest's own messages through our logger: its start-up chatter is for debugging only. */
export class NestLogger implements LoggerService {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  log(message: unknown): void {
    this.#logger.debug(String(message));
  }

  verbose(message: unknown): void {
    this.#logger.debug(String(message));
  }

  debug(message: unknown): void {
    this.#logger.debug(String(message));
  }

  warn(message: unknown): void {
    this.#logger.warn(String(message));
  }

  error(message: unknown): void {
    this.#logger.error(String(message));
  }

  fatal(message: unknown): void {
    this.#logger.error(String(message));
  }
}
