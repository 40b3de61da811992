import { z } from 'zod';
import { issuerProblem } from './federation-problems.ts';
import { judged } from '../names.ts';

/** The URL of an issuer, letter by letter as its tokens name it. */
export const IssuerText = judged(issuerProblem, { format: 'uri', maxLength: 512 });

/** PEM certificates in base64: what alone signs the issuer's certificate. */
export const CaData = z
  .base64('base64 of PEM certificates')
  .max(65_536, 'at most 64 KiB')
  .refine((text) => atob(text).includes('-----BEGIN CERTIFICATE-----'), {
    message: 'base64 of PEM certificates; this is none',
    when: ({ issues }) => issues.length === 0,
  });
