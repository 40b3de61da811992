import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { AppError } from '@ambit/kernel';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Closes what is kept in the database, so that a copy of the database alone is of no use. */
export class Seal {
  readonly #key: Uint8Array;

  /** `purpose` sets apart what different parts seal with one secret of an installation. */
  constructor(secret: Uint8Array, installationUid: string, purpose: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', secret, installationUid, purpose, 32));
  }

  /** `name` is what it belongs to: under another one it does not open. */
  close(text: string, name: string): Uint8Array {
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes });
    cipher.setAAD(Buffer.from(name));
    const closed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), closed]);
  }

  /** Throws `config_invalid` for what was not sealed with this secret under this name. */
  open(sealed: Uint8Array, name: string): string {
    const bytes = Buffer.from(sealed);
    const nonce = bytes.subarray(0, nonceBytes);
    const tag = bytes.subarray(nonceBytes, nonceBytes + tagBytes);
    try {
      const decipher = createDecipheriv(algorithm, this.#key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(name));
      decipher.setAuthTag(tag);
      const opened = decipher.update(bytes.subarray(nonceBytes + tagBytes));
      return Buffer.concat([opened, decipher.final()]).toString('utf8');
    } catch (cause) {
      throw new AppError('config_invalid', 'The sealing key is not the one of this database.', {
        why: 'What is sealed in the database does not open with sealing.key of the keys folder.',
        hint: 'Bring the keys folder back that belongs to this database. If it is lost, make new keys of the issuer: what they signed before is refused then.',
        nextCommand: 'ambit-central keys rotate --now',
        cause,
      });
    }
  }
}
