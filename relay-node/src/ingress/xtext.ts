// RFC 3461 §4: xtext, the encoding of the DSN parameters ENVID and ORCPT, checked and never decoded: they go to the next hop and into
// bounces as they came. smtp-server hands them over decoded, and takes what is no xtext; so they are read from the command itself.

/** Whether `text` is xtext of printable ASCII: no byte hides in `+0D`. RFC 3461 §4.4 asks that much of ENVID. */
export function isXtext(text: string): boolean {
  return /^(?:[!-*,-<>-~]|\+(?:[2-6][0-9A-F]|7[0-9A-E]))+$/.test(text);
}

/** Whether `text` is `addr-type;xtext` (§4.2). */
export function isOriginalRecipient(text: string): boolean {
  const [, address] = /^[A-Za-z0-9-]+;(.+)$/.exec(text) ?? [];
  return address !== undefined && isXtext(address);
}

/** The value of parameter `name` in a MAIL or RCPT command, as the client spelled it. */
export function rawParameter(command: string, name: 'ENVID' | 'ORCPT'): string | undefined {
  const parameters = command.slice(command.indexOf('>') + 1).split(/\s+/);
  const found = parameters.find((parameter) => parameter.slice(0, name.length + 1).toUpperCase() === `${name}=`);
  return found?.slice(name.length + 1);
}
