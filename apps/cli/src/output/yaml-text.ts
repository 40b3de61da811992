import { isUnprintable } from '@ambit/kernel';

/** A value as a YAML document. Texts that a terminal would act on are quoted, so that their escapes read back as they were. */
export async function yamlText(value: unknown): Promise<string> {
  const { Document, visit } = await import('yaml');
  const document = new Document(value);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && isUnprintable(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString();
}
