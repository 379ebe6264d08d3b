import { create, type DescMessage, fromBinary, isFieldSet, type MessageShape, toBinary } from '@bufbuild/protobuf';

/**
 * What a message holds beside the fields that the IR models, encoded; undefined when there is nothing.
 *
 * @param modelled names of fields, as the generated code spells them
 */
export function restOf<Desc extends DescMessage>(
  schema: Desc,
  message: MessageShape<Desc>,
  modelled: ReadonlySet<string>,
  replaced: Partial<MessageShape<Desc>> = {},
): Uint8Array | undefined {
  const rest = create(schema) as MessageShape<Desc> & Record<string, unknown>;
  const source = message as Record<string, unknown>;
  for (const field of schema.fields) {
    if (!modelled.has(field.localName) && isFieldSet(message, field))
      rest[field.localName as never] = source[field.localName] as never;
  }
  Object.assign(rest, replaced);
  rest.$unknown = message.$unknown;
  const bytes = toBinary(schema, rest);
  return bytes.length > 0 ? bytes : undefined;
}

/** The message to fill in again on export: what {@link restOf} kept, or an empty one. */
export function restore<Desc extends DescMessage>(schema: Desc, rest: Uint8Array | undefined): MessageShape<Desc> {
  return rest ? fromBinary(schema, rest) : create(schema);
}
