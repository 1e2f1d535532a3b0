// RFC 3461 §4: xtext, the encoding of the DSN parameters ENVID and ORCPT. smtp-server hands them over decoded; the envelope keeps
// them encoded, as they go to the next hop and into bounces.

/** Encodes; undefined for text outside ASCII, which xtext cannot carry (RFC 6533 §3 would write it as `\x{…}` first). */
export function toXtext(text: string): string | undefined {
  if (!/^[\x20-\x7e]*$/.test(text)) return undefined;
  return text.replace(/[+= ]/g, (character) => `+${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** `addr-type;xtext` from its decoded form; undefined when it is not one. */
export function toOriginalRecipient(decoded: string): string | undefined {
  const [, type, address] = /^([A-Za-z0-9-]+);(.+)$/.exec(decoded) ?? [];
  const encoded = toXtext(address ?? '');
  return type === undefined || encoded === undefined || encoded === '' ? undefined : `${type};${encoded}`;
}
